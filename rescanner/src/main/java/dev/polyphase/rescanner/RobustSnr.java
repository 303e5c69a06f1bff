package dev.polyphase.rescanner;

/**
 * The signal-to-noise ratio of profile {@code robust}: the published one in float64, its noise at
 * least what rounding makes of the singular values, so that nearly singular matrices are large and
 * comparable instead of infinite. A zero matrix has 0.
 */
final class RobustSnr {

  private RobustSnr() {}

  /**
   * The ratio, finite and not negative.
   *
   * @param descending finite singular values, the largest first
   * @param threshold what lies above is signal
   */
  static double of(float[] descending, double threshold) {
    double largest = descending[0];
    if (largest == 0) {
      return 0;
    }
    double signal = 0;
    double noise = 0;
    int below = 0;
    for (float value : descending) {
      if (value > threshold) {
        signal += value;
      } else {
        noise += value;
        below++;
      }
    }
    // Where everything is signal the published scanner divides by 1, which is finite.
    return signal
        / (below == 0 ? 1 : Rounding.floored(noise, largest, descending.length))
        / largest;
  }
}
