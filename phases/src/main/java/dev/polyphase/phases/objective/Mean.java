package dev.polyphase.phases.objective;

/**
 * A mean that is not divided yet, so that others can be added to it.
 *
 * @param sum of the values, each times its weight
 * @param weight of all of them
 */
public record Mean(double sum, double weight) {

  /** The mean of what both are means of. */
  public Mean plus(Mean other) {
    return new Mean(sum + other.sum, weight + other.weight);
  }

  /** The mean. */
  public double value() {
    return sum / weight;
  }
}
