package dev.polyphase.reports;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A linear axis over a range of values, with ticks at round numbers.
 *
 * @param from the value at its beginning
 * @param to the value at its end, above {@code from}
 * @param step the distance of two ticks: 1, 2 or 5 times a power of ten
 */
record Axis(double from, double to, double step) {

  /**
   * The axis over exactly this range.
   *
   * @param ticks about how many ticks it should have
   */
  static Axis over(double least, double greatest, int ticks) {
    if (greatest > least) {
      return new Axis(least, greatest, roundStep((greatest - least) / ticks));
    }
    // One value alone stands in the middle.
    double half = least == 0 ? 0.5 : Math.abs(least) / 2;
    return over(least - half, least + half, ticks);
  }

  /** The axis over this range, widened to whole ticks. */
  static Axis around(double least, double greatest, int ticks) {
    Axis exact = over(least, greatest, ticks);
    double step = exact.step;
    return new Axis(Math.floor(exact.from / step) * step, Math.ceil(exact.to / step) * step, step);
  }

  /** The axis over whole numbers, whose ticks are whole too. */
  static Axis overWhole(long least, long greatest, int ticks) {
    Axis exact = over((double) least, (double) Math.max(least + 1, greatest), ticks);
    return new Axis(exact.from, exact.to, Math.max(1, exact.step));
  }

  /** Where a value lies, 0 at the beginning and 1 at the end. */
  double share(double value) {
    return (value - from) / (to - from);
  }

  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    // Rounding must not lose a tick at the very end.
    double tolerance = step / 1000;
    for (long i = (long) Math.ceil((from - tolerance) / step); i * step <= to + tolerance; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  /** A tick's text, with as many decimals as tell the ticks apart. */
  String text(double tick) {
    if (tick == 0) {
      return "0";
    }
    double greatest = Math.max(Math.abs(from), Math.abs(to));
    if (step < 1e-4 || greatest >= 1e6) {
      return String.format(Locale.ROOT, "%.1e", tick);
    }
    int decimals = Math.max(0, (int) -Math.floor(Math.log10(step) + 1e-9));
    return String.format(Locale.ROOT, "%." + decimals + "f", tick);
  }

  private static double roundStep(double least) {
    double power = Math.pow(10, Math.floor(Math.log10(least)));
    for (double factor : new double[] {1, 2, 5}) {
      if (factor * power >= least) {
        return factor * power;
      }
    }
    return 10 * power;
  }
}
