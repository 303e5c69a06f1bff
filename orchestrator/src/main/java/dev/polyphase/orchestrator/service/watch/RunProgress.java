package dev.polyphase.orchestrator.service.watch;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where a run is, as the lines of its {@code log.jsonl} say.
 *
 * @param phase the phase that it is in; null before the first
 * @param step the last step of that phase
 * @param totalSteps how many the phase has
 * @param secondsLeft until the phase, or a scan, is done
 * @param loss of that step
 * @param tokensPerSecond of that step
 * @param activity what it does where it doesn't train, as {@code scanning 12/49}
 */
public record RunProgress(
    @Nullable String phase,
    @Nullable Long step,
    @Nullable Long totalSteps,
    @Nullable Double secondsLeft,
    @Nullable Double loss,
    @Nullable Double tokensPerSecond,
    @Nullable String activity) {

  /** Nothing is known. */
  public static final RunProgress NONE = of(null, null);

  private static RunProgress of(@Nullable String phase, @Nullable String activity) {
    return new RunProgress(phase, null, null, null, null, null, activity);
  }

  /** What is known after one more line; as before where the line says nothing of it. */
  public RunProgress after(JsonNode line) {
    @Nullable String name = line.path("phase").isTextual() ? line.path("phase").textValue() : phase;
    return switch (line.path("event").asText()) {
      case "run_started", "run_resumed" -> NONE;
      case "phase_checking" -> of(name, "checking " + name);
      case "phase_started" -> of(name, null);
      case "reading" -> doing(line, reading(line));
      case "scanned" -> doing(line, scanning(line));
      case "selected" -> doing(line, null);
      case "step" ->
          new RunProgress(
              name,
              whole(line, "step"),
              line.has("total_steps") ? whole(line, "total_steps") : totalSteps,
              number(line, "seconds_left"),
              number(line, "loss"),
              number(line, "tokens_per_second"),
              null);
      case "phase_finished", "run_finished", "run_interrupted", "run_failed" ->
          new RunProgress(name, step, totalSteps, null, loss, tokensPerSecond, null);
      default -> this;
    };
  }

  private RunProgress doing(JsonNode line, @Nullable String what) {
    return new RunProgress(
        phase, step, totalSteps, number(line, "seconds_left"), loss, tokensPerSecond, what);
  }

  private static @Nullable String scanning(JsonNode line) {
    long done = line.path("done").asLong();
    long total = line.path("total").asLong();
    return done < total ? "scanning " + done + "/" + total : null;
  }

  private static String reading(JsonNode line) {
    String path = line.path("file").asText();
    String file = path.substring(path.lastIndexOf('/') + 1);
    return line.path("share").isNumber()
        ? String.format(
            Locale.ROOT, "reading %s %.0f %%", file, 100 * line.path("share").asDouble())
        : "reading " + file;
  }

  private static @Nullable Long whole(JsonNode line, String key) {
    return line.path(key).isNumber() ? (Long) line.path(key).longValue() : null;
  }

  private static @Nullable Double number(JsonNode line, String key) {
    return line.path(key).isNumber() ? (Double) line.path(key).doubleValue() : null;
  }
}
