package dev.polyphase.orchestrator.log;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.orchestrator.events.Level;
import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.SavedCheckpoint;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Lines of the log as the events that they were. */
final class LogReader {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What a line of a step has besides the figures of {@code metrics.jsonl}. */
  private static final Set<String> NO_FIGURES =
      Set.of("time", "level", "run", "phase", "event", "message", "total_steps", "seconds_left");

  private final ObjectNode line;

  private LogReader(ObjectNode line) {
    this.line = line;
  }

  /** The event of a line; empty where it is half a line, or none that this version writes. */
  static Optional<StampedEvent> parse(String text) {
    try {
      return JSON.readTree(text) instanceof ObjectNode line
          ? new LogReader(line).stamped()
          : Optional.empty();
    } catch (JsonProcessingException | DateTimeException | InvalidPathException e) {
      return Optional.empty();
    }
  }

  private Optional<StampedEvent> stamped() {
    @Nullable RunEvent event = event(text("event"));
    if (event == null) {
      return Optional.empty();
    }
    JsonNode step = line.path("step");
    return Optional.of(
        new StampedEvent(
            Instant.parse(text("time")),
            text("run"),
            line.path("phase").textValue(),
            step.isNumber() ? OptionalLong.of(step.asLong()) : OptionalLong.empty(),
            number("seconds_left"),
            event));
  }

  private @Nullable RunEvent event(String name) {
    return switch (name) {
      case LogNames.RUN_STARTED -> new RunEvent.RunStarted(false, whole("phases"));
      case LogNames.RUN_RESUMED -> new RunEvent.RunStarted(true, whole("phases"));
      case LogNames.PHASE_CHECKING ->
          new RunEvent.PhaseChecking(whole("index"), whole("count"), text("phase"));
      case LogNames.PHASE_STARTED ->
          new RunEvent.PhaseStarted(whole("index"), whole("count"), text("phase"), text("type"));
      case LogNames.PHASE_RESUMED -> new RunEvent.PhaseResumed(count("step"), count("tokens"));
      case LogNames.PHASE_FINISHED -> new RunEvent.PhaseFinished(result());
      case LogNames.READING ->
          new RunEvent.Reading(
              new ReadingListener.Progress(
                  text("file"), count("rows"), count("tokens"), number("share")));
      case LogNames.SCAN_STARTED -> new RunEvent.ScanStarted(count("step"), whole("modules"));
      case LogNames.SCANNED ->
          new RunEvent.Scanned(
              count("step"), whole("done"), whole("total"), count("work"), count("total_work"));
      case LogNames.SELECTED -> new RunEvent.Selected(whole("tensors"));
      case LogNames.STEP, LogNames.EVALUATED -> new RunEvent.Measured(row());
      case LogNames.NOTE ->
          line.has("phase")
              ? new RunEvent.Noted(level(), text("message"))
              : new RunEvent.Said(level(), text("message"));
      case LogNames.SAVED ->
          new RunEvent.Saved(
              new SavedCheckpoint(
                  Path.of(text("folder")),
                  count("step"),
                  count("bytes"),
                  line.path("stood_still_seconds").asDouble()));
      default -> ended(name);
    };
  }

  private @Nullable RunEvent ended(String name) {
    for (RunState.Status status : RunState.Status.values()) {
      if (name.equals(LogNames.RUN + status.name().toLowerCase(Locale.ROOT))) {
        return new RunEvent.RunEnded(status, line.path("message").textValue());
      }
    }
    return null;
  }

  private MetricsRow row() {
    Map<String, Number> values = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : line.properties()) {
      JsonNode value = field.getValue();
      if (!NO_FIGURES.contains(field.getKey()) && (value.isNumber() || value.isNull())) {
        // What JSON has no word for was not finite.
        values.put(field.getKey(), value.isNull() ? Double.NaN : numberOf(value));
      }
    }
    return new MetricsRow(count("step"), count("total_steps"), values);
  }

  private static Number numberOf(JsonNode value) {
    return value.isIntegralNumber() ? (Number) value.longValue() : (Number) value.doubleValue();
  }

  private PhaseResult result() {
    JsonNode moved = line.path("moved_values");
    return new PhaseResult(
        count("steps"),
        count("tokens"),
        count("trained_tensors"),
        count("trained_values"),
        count("saved_values"),
        count("changed_values"),
        moved.isNumber() ? (Long) moved.longValue() : null,
        line.path("seconds").asDouble(),
        null,
        null,
        null,
        null);
  }

  private Level level() {
    for (Level level : Level.values()) {
      if (level.word().equals(text("level"))) {
        return level;
      }
    }
    return Level.INFO;
  }

  private String text(String key) {
    return line.path(key).asText("");
  }

  private int whole(String key) {
    return line.path(key).asInt();
  }

  private long count(String key) {
    return line.path(key).asLong();
  }

  private OptionalDouble number(String key) {
    JsonNode value = line.path(key);
    return value.isNumber() ? OptionalDouble.of(value.doubleValue()) : OptionalDouble.empty();
  }
}
