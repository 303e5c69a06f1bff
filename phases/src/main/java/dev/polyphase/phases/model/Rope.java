package dev.polyphase.phases.model;

/**
 * Rotary position embedding: the angle by which each pair of a head's values turns with each
 * position (Su et al. 2021).
 *
 * @param theta the base of the frequencies
 * @param scaling how the frequencies are stretched for long contexts
 */
public record Rope(double theta, Scaling scaling) {

  /** How frequencies are stretched for long contexts. */
  public sealed interface Scaling {
    /** Not at all. */
    record None() implements Scaling {}

    /**
     * Llama 3.1's: low frequencies are divided by a factor, high ones stay, those between are
     * blended ({@code transformers/modeling_rope_utils.py}).
     *
     * @param factor the divisor of low frequencies
     * @param lowFreqFactor wavelengths above the original context divided by this are low
     * @param highFreqFactor wavelengths below the original context divided by this are high
     * @param originalMaxPositions the context, in tokens, that the model was first trained on
     */
    record Llama3(
        double factor, double lowFreqFactor, double highFreqFactor, long originalMaxPositions)
        implements Scaling {}
  }

  /** Radians per position of each pair: {@code [headDim / 2]}. */
  double[] frequencies(int headDim) {
    double[] frequencies = new double[headDim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double frequency = Math.pow(theta, -2.0 * i / headDim);
      frequencies[i] =
          scaling instanceof Scaling.Llama3 llama3 ? stretched(frequency, llama3) : frequency;
    }
    return frequencies;
  }

  private static double stretched(double frequency, Scaling.Llama3 scaling) {
    double turns = scaling.originalMaxPositions() * frequency / (2 * Math.PI);
    if (turns < scaling.lowFreqFactor()) {
      return frequency / scaling.factor();
    }
    if (turns > scaling.highFreqFactor()) {
      return frequency;
    }
    double kept =
        (turns - scaling.lowFreqFactor()) / (scaling.highFreqFactor() - scaling.lowFreqFactor());
    return (1 - kept) * frequency / scaling.factor() + kept * frequency;
  }
}
