package dev.polyphase.orchestrator.cli;

import java.math.BigDecimal;
import java.util.Locale;

/** Numbers for people to read. */
final class Numbers {
  private static final double GIBIBYTE = 1 << 30;

  private Numbers() {}

  /** {@code 1,234,567}. */
  static String whole(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** {@code 1.25 GiB}; what is there never looks like nothing. */
  static String gibibytes(long bytes) {
    double gibibytes = bytes / GIBIBYTE;
    return bytes > 0 && gibibytes < 0.01
        ? "< 0.01 GiB"
        : String.format(Locale.ROOT, "%,.2f GiB", gibibytes);
  }

  /** {@code 24.7 %}. */
  static String percent(double part, double whole) {
    return String.format(Locale.ROOT, "%.1f %%", whole == 0 ? 0 : 100 * part / whole);
  }

  /** {@code 25} for 25.0. */
  static String decimal(double value) {
    return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
  }
}
