package dev.polyphase.rescanner;

/**
 * The signal-to-noise ratio with its threshold from the spread of the matrix's entries: the
 * singular values of a matrix of independent entries of mean 0 and variance {@code v} lie below
 * {@code sqrt(v) * (sqrt(rows) + sqrt(columns))} (Marchenko and Pastur 1967; the edge of their
 * law). What lies above is signal; the ratio of the sums is divided by the largest, as the
 * published scanner does.
 *
 * <p>The variance is the mean square of the entries, which is the sum of the squared singular
 * values by their number. Signal raises it, so that weak signal counts as noise.
 */
final class EntriesSnr implements SpectralMetric {

  @Override
  public double of(float[] descending, long rows, long columns) {
    double largest = descending[0];
    if (largest == 0) {
      return 0;
    }
    double squares = 0;
    for (float value : descending) {
      squares += (double) value * value;
    }
    double deviation = Math.sqrt(squares / ((double) rows * columns));
    double threshold = deviation * (Math.sqrt((double) rows) + Math.sqrt((double) columns));
    double signal = 0;
    double noise = 0;
    for (float value : descending) {
      if (value > threshold) {
        signal += value;
      } else {
        noise += value;
      }
    }
    return signal / Rounding.floored(noise, largest, descending.length) / largest;
  }
}
