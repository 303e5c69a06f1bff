package dev.polyphase.orchestrator.engine;

import java.math.BigDecimal;
import java.util.Locale;

/** Numbers for people to read. */
public final class Numbers {
  private static final double MEBIBYTE = 1 << 20;
  private static final double GIBIBYTE = 1 << 30;

  private Numbers() {}

  /** {@code 1,234,567}. */
  public static String whole(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** {@code 1.25 GiB}, below that {@code 38.2 MiB}; what is there never looks like nothing. */
  public static String bytes(long bytes) {
    if (bytes >= GIBIBYTE) {
      return String.format(Locale.ROOT, "%,.2f GiB", bytes / GIBIBYTE);
    }
    double mebibytes = bytes / MEBIBYTE;
    return bytes > 0 && mebibytes < 0.1
        ? "< 0.1 MiB"
        : String.format(Locale.ROOT, "%.1f MiB", mebibytes);
  }

  /** {@code 24.7 %}. */
  public static String percent(double part, double whole) {
    return String.format(Locale.ROOT, "%.1f %%", whole == 0 ? 0 : 100 * part / whole);
  }

  /** {@code 25} for 25.0. */
  public static String decimal(double value) {
    return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
  }
}
