package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.MetricsRow;
import java.util.Locale;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** A row of metrics in words. */
final class StepLine {
  private static final long MINUTE = 60;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;

  private StepLine() {}

  /** Step, figures and time left, as far as they are known. */
  static String of(MetricsRow row, OptionalDouble secondsLeft) {
    StringBuilder line = new StringBuilder();
    line.append("step ").append(row.step()).append('/').append(row.totalSteps());
    append(line, row, "loss", " loss %.4f");
    append(line, row, "eval_loss", " held-out loss %.4f");
    append(line, row, "eval_rewards/accuracies", " accuracy %.3f");
    append(line, row, "eval_rewards/margins", " margin %.4f");
    append(line, row, "rewards/accuracies", " accuracy %.3f");
    append(line, row, "learning_rate", " lr %.1e");
    append(line, row, "tokens_per_second", " %.0f tok/s");
    if (secondsLeft.isPresent() && row.step() < row.totalSteps()) {
      line.append(' ').append(duration(secondsLeft.getAsDouble())).append(" left");
    }
    return line.toString();
  }

  /** {@code 0:07}, {@code 1:02:03}, {@code 2 d 3 h}. */
  static String duration(double seconds) {
    long whole = Math.round(seconds);
    if (whole >= DAY) {
      return "%d d %d h".formatted(whole / DAY, whole % DAY / HOUR);
    }
    return whole >= HOUR
        ? "%d:%02d:%02d".formatted(whole / HOUR, whole % HOUR / MINUTE, whole % MINUTE)
        : "%d:%02d".formatted(whole / MINUTE, whole % MINUTE);
  }

  /**
   * A phase's label and what it does, in so many characters: of a long name the end is left out
   * first, so that the figures stay.
   */
  static String fitted(String label, String text, int width) {
    int excess = label.length() + text.length() - width;
    if (excess <= 0) {
      return label + text;
    }
    int kept = label.length() - excess - "… ".length();
    if (kept > 0) {
      return label.substring(0, kept) + "… " + text;
    }
    return text.length() <= width ? text : text.substring(0, Math.max(0, width));
  }

  private static void append(StringBuilder line, MetricsRow row, String key, String format) {
    @Nullable Number value = row.values().get(key);
    if (value != null) {
      line.append(String.format(Locale.ROOT, format, value.doubleValue()));
    }
  }
}
