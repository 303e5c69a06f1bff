package dev.polyphase.rescanner;

/**
 * The sum of the squared singular values over the largest squared (Rudelson and Vershynin 2007): 1
 * where one direction has everything, the number of values where all have the same. Not a number
 * for a zero matrix.
 */
final class StableRank implements SpectralMetric {

  @Override
  public double of(float[] descending, long rows, long columns) {
    double largest = descending[0];
    double sum = 0;
    for (float value : descending) {
      double share = value / largest;
      sum += share * share;
    }
    return sum;
  }
}
