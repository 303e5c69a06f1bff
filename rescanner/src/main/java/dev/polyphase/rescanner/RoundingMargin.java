package dev.polyphase.rescanner;

/**
 * Whether singular values by {@link Decomposition#GRAM} decide as those by {@link
 * Decomposition#SVDVALS} would. Both methods round: where a singular value lies so near the
 * threshold between noise and signal that rounding may have moved either across the other, or where
 * rounding makes a visible part of a sum, only the published method gives the published result.
 *
 * <p>With u = 2^-24 and v = 2^-53, s the largest of n singular values, and s_i one of them, the two
 * methods' s_i differ by at most
 *
 * <pre>
 * 4 u s + 8 u s_i                    svdvals in float32 is backward stable. LAPACK's Users' Guide
 *                                    (section 4.9) estimates u s; the largest difference seen was
 *                                    1.6 u s in the spectrum and 9 u s at its upper end
 * min(e / s_i, sqrt(e)), e = 10 n v s^2   eigenvalues in float64 are wrong by at most p(n) v s^2;
 *                                    the Guide's modest p(n) is taken as 10 n
 * </pre>
 *
 * and the threshold, a multiple of the difference of two quartiles, by that multiple of the sum of
 * their differences.
 */
final class RoundingMargin {
  private static final double FLOAT_ROUNDING = 0x1p-24;
  private static final double DOUBLE_ROUNDING = 0x1p-53;

  /** A tenth of what a ratio may differ by. */
  private static final double LARGEST_SHARE_OF_A_SUM = 1e-4;

  private final float[] descending;
  private final double largest;
  private final double eigenvalueError;

  private RoundingMargin(float[] descending) {
    this.descending = descending;
    this.largest = descending[0];
    this.eigenvalueError = 10.0 * descending.length * DOUBLE_ROUNDING * largest * largest;
  }

  /**
   * Whether the decision is certain.
   *
   * @param descending all singular values of a matrix, by {@link Decomposition#GRAM}
   */
  static boolean isKept(float[] descending, long rows, long columns) {
    boolean measurable = descending[0] > 0 && Float.isFinite(descending[0]);
    return measurable && new RoundingMargin(descending).isKept(rows, columns);
  }

  private boolean isKept(long rows, long columns) {
    double threshold = Spectrum.of(descending, rows, columns).threshold();
    double sides = (double) Math.min(rows, columns) / Math.max(rows, columns);
    double thresholdError =
        (quartileError(0.25) + quartileError(0.75)) / 1.349 * (1 + Math.sqrt(sides))
            + 4 * FLOAT_ROUNDING * threshold;

    double signal = 0;
    double signalError = 0;
    double noise = 0;
    double noiseError = 0;
    for (double value : descending) {
      double error = error(value, value);
      if (Math.abs(value - threshold) <= error + thresholdError) {
        return false;
      }
      if (value > threshold) {
        signal += value;
        signalError += error;
      } else {
        noise += value;
        noiseError += error;
      }
    }
    return signalError <= LARGEST_SHARE_OF_A_SUM * signal
        && noiseError <= LARGEST_SHARE_OF_A_SUM * noise;
  }

  /** A quartile lies between two singular values and is wrong by no more than the worse of them. */
  private double quartileError(double part) {
    double position = (descending.length - 1) * (1 - part);
    double upper = descending[(int) Math.floor(position)];
    double lower = descending[(int) Math.ceil(position)];
    return error(lower, upper);
  }

  private double error(double lower, double upper) {
    double ofSvdvals = FLOAT_ROUNDING * (4 * largest + 8 * upper);
    double ofGram = Math.min(eigenvalueError / lower, Math.sqrt(eigenvalueError));
    return ofSvdvals + ofGram;
  }
}
