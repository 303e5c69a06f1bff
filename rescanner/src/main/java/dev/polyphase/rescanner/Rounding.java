package dev.polyphase.rescanner;

/** What singular values in float32 cannot tell from zero. */
final class Rounding {
  /** The distance from 1 to the next float32. */
  private static final double EPSILON = 0x1p-23;

  private Rounding() {}

  /** The sum that rounding alone may make of {@code count} values beside the largest. */
  static double noise(double largest, int count) {
    return EPSILON * largest * count;
  }

  /** A sum of noise, at least what rounding makes. */
  static double floored(double noise, double largest, int count) {
    return Math.max(noise, noise(largest, count));
  }
}
