package dev.polyphase.rescanner;

/**
 * The exponent of a power law {@code p(x) ~ x^-alpha} fitted to the tail of the eigenvalues {@code
 * x} of the matrix's Gram matrix, the squared singular values.
 *
 * <p>For a tail that begins at {@code x_min} the exponent is the maximum likelihood's, {@code 1 + n
 * / sum(log(x / x_min))}; the beginning is the eigenvalue that makes the Kolmogorov-Smirnov
 * distance of tail and law smallest (Clauset, Shalizi and Newman, SIAM Review 51:661, 2009). A tail
 * has at least {@value #SHORTEST_TAIL} eigenvalues, or all where there are fewer: shorter ones fit
 * anything. Not a number where fewer than two positive eigenvalues differ.
 */
final class TailExponent implements SpectralMetric {
  private static final int SHORTEST_TAIL = 10;

  @Override
  public double of(float[] descending, long rows, long columns) {
    int positive = 0;
    double[] logs = new double[descending.length];
    for (float value : descending) {
      if (value > 0) {
        logs[positive++] = 2 * Math.log(value);
      }
    }
    double best = Double.NaN;
    double bestDistance = Double.POSITIVE_INFINITY;
    double sumOfLogs = 0;
    for (int tail = 1; tail <= positive; tail++) {
      double begin = logs[tail - 1];
      sumOfLogs += begin;
      boolean tiedWithNext = tail < positive && logs[tail] == begin;
      if (tail < Math.min(SHORTEST_TAIL, positive) || tiedWithNext || logs[0] == begin) {
        continue;
      }
      double exponent = 1 + tail / (sumOfLogs - tail * begin);
      double distance = distance(logs, tail, exponent);
      if (distance < bestDistance) {
        bestDistance = distance;
        best = exponent;
      }
    }
    return best;
  }

  /**
   * The largest difference of the shares below a value in the tail and in the law.
   *
   * @param logs of the eigenvalues, descending; the tail is the first {@code tail} of them
   */
  private static double distance(double[] logs, int tail, double exponent) {
    double largest = 0;
    for (int i = 0; i < tail; i++) {
      double law = -Math.expm1((1 - exponent) * (logs[i] - logs[tail - 1]));
      // The share of the tail steps at each of its values.
      double below = (tail - 1.0 - i) / tail;
      double upTo = (double) (tail - i) / tail;
      largest = Math.max(largest, Math.max(Math.abs(law - below), Math.abs(upTo - law)));
    }
    return largest;
  }
}
