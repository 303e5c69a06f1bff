package dev.polyphase.reports;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Figures and states as people read them, the same in all pictures. */
final class Wording {

  private Wording() {}

  /** {@code 14,770,033,664}. */
  static String full(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /** {@code 14.8B}, in three digits. */
  static String brief(long count) {
    double rest = count;
    for (String unit : List.of("", "K", "M", "B")) {
      // 999.5 would be written 1000.
      if (rest < 999.5 || unit.equals("B")) {
        String format =
            unit.isEmpty() ? "%.0f" : rest < 9.995 ? "%.2f" : rest < 99.95 ? "%.1f" : "%.0f";
        return String.format(Locale.ROOT, format, rest) + unit;
      }
      rest /= 1000;
    }
    throw new IllegalStateException("the last unit takes all");
  }

  static String percent(long part, long whole) {
    return whole == 0 ? "0 %" : String.format(Locale.ROOT, "%.1f %%", 100.0 * part / whole);
  }

  /** Four digits that mean something; what is not finite by its name. */
  static String figure(double value) {
    if (!Double.isFinite(value)) {
      return Double.toString(value);
    }
    double magnitude = Math.abs(value);
    if (magnitude == 0) {
      return "0";
    }
    if (magnitude < 1e-3 || magnitude >= 1e6) {
      return String.format(Locale.ROOT, "%.2e", value);
    }
    int digits = magnitude >= 1000 ? 0 : magnitude >= 100 ? 1 : magnitude >= 10 ? 2 : 3;
    return String.format(Locale.ROOT, "%." + (magnitude < 1 ? 4 : digits) + "f", value);
  }

  /** {@code 1 h 02 min}, {@code 3 min 05 s}, {@code 4.2 s}. */
  static String duration(double seconds) {
    // 59.96 would be written 60.0.
    if (seconds < 59.95) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    long whole = Math.round(seconds);
    return whole < 3600
        ? String.format(Locale.ROOT, "%d min %02d s", whole / 60, whole % 60)
        : String.format(Locale.ROOT, "%d h %02d min", whole / 3600, whole / 60 % 60);
  }

  static String count(long count, String thing) {
    return full(count) + " " + thing + (count == 1 ? "" : "s");
  }

  static String change(@Nullable Double before, @Nullable Double after) {
    return figureOrGap(before) + " → " + figureOrGap(after);
  }

  static String figureOrGap(@Nullable Double value) {
    return value == null ? "–" : figure(value);
  }

  /** {@code eval_rewards/accuracies} as {@code rewards/accuracies}. */
  static String heldOutName(HeldOut figure) {
    return figure.name().replaceFirst("^eval_", "");
  }

  /** At most {@code most} characters, the middle left out: the ends tell long names apart. */
  static String cut(String text, int most) {
    int[] letters = text.codePoints().toArray();
    if (letters.length <= most) {
      return text;
    }
    int tail = (most - 1) / 2;
    int head = most - 1 - tail;
    return new String(letters, 0, head) + "…" + new String(letters, letters.length - tail, tail);
  }

  /** What a pointer that rests on a module shows. */
  static String title(ModuleReport module, int ranked) {
    List<String> parts = new ArrayList<>();
    parts.add(module.module() + ": " + (module.selected() ? "trained" : "frozen"));
    @Nullable Double snr = module.snr();
    if (snr != null) {
      parts.add("SNR " + figure(snr));
    }
    if (module.rank() != null) {
      parts.add("rank " + module.rank() + " of " + ranked);
    }
    return String.join(", ", parts);
  }

  /** What stands in place of a phase's modules. */
  static String state(PhaseReport.Status status) {
    return switch (status) {
      case PENDING -> "pending";
      case BEGUN -> "begun, not finished";
      case FINISHED -> "finished";
    };
  }
}
