package dev.polyphase.rescanner;

/**
 * The exponential of the entropy of the singular values, each as a share of their sum (Roy and
 * Vetterli, EUSIPCO 2007): 1 where one direction has everything, the number of values where all
 * have the same. Not a number for a zero matrix.
 */
final class EffectiveRank implements SpectralMetric {

  @Override
  public double of(float[] descending, long rows, long columns) {
    double sum = 0;
    for (float value : descending) {
      sum += value;
    }
    double entropy = sum == 0 ? Double.NaN : 0;
    for (float value : descending) {
      double share = value / sum;
      if (share > 0) {
        entropy -= share * Math.log(share);
      }
    }
    return Math.exp(entropy);
  }
}
