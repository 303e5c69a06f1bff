package dev.polyphase.phases.model;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * How the frequencies of rotary positions are stretched for contexts beyond those that a model was
 * first trained on. The yardstick is {@code transformers/modeling_rope_utils.py}.
 */
public sealed interface RopeScaling {

  /**
   * The frequencies of a document.
   *
   * @param plain radians per position of each pair, as they are without scaling; may be changed
   * @param dim the values of a head that turn
   * @param theta the base of the frequencies
   * @param tokens of the document
   */
  double[] scaled(double[] plain, int dim, double theta, int tokens);

  /** By what cosines and sines are multiplied, and so attention's scores twice. */
  default double attentionFactor() {
    return 1;
  }

  /** Whether frequencies depend on how many tokens a document has. */
  default boolean dependsOnLength() {
    return false;
  }

  /**
   * The shortest document that has the frequencies of a document of so many tokens: one number for
   * all documents that can share a table.
   */
  default int shortestAlike(int tokens) {
    return 1;
  }

  /**
   * Up to so many tokens a document has the same frequencies as a shorter one; empty: up to any.
   */
  default OptionalInt longestAlike() {
    return OptionalInt.empty();
  }

  /**
   * How long documents may be that positions were made for; empty where nothing says it. Published
   * configurations differ in whether the model's own key counts what the scaling adds: linear and
   * dynamic ones mostly do not count it, LongRoPE's and Llama's do.
   *
   * @param maxPositions the model's {@code max_position_embeddings}
   */
  default Optional<Rope.Context> context(OptionalInt maxPositions) {
    return stretched(maxPositions, 1, "max_position_embeddings");
  }

  private static Optional<Rope.Context> stretched(OptionalInt positions, double factor, String by) {
    return positions.isPresent()
        ? Optional.of(new Rope.Context((long) (factor * positions.getAsInt()), by))
        : Optional.empty();
  }

  /** Not at all. */
  record None() implements RopeScaling {
    @Override
    public double[] scaled(double[] plain, int dim, double theta, int tokens) {
      return plain;
    }
  }

  /**
   * Positions divided by a factor (Chen et al. 2023, "Extending context window of large language
   * models via positional interpolation").
   *
   * @param factor the divisor
   */
  record Linear(double factor) implements RopeScaling {
    @Override
    public double[] scaled(double[] plain, int dim, double theta, int tokens) {
      return Arrays.stream(plain).map(frequency -> frequency / factor).toArray();
    }

    @Override
    public Optional<Rope.Context> context(OptionalInt maxPositions) {
      return stretched(maxPositions, factor, "max_position_embeddings times factor");
    }
  }

  /**
   * A base that grows with documents that are longer than the model's context ("NTK-aware", as
   * transformers has it).
   *
   * @param factor how fast it grows
   * @param context up to so many tokens nothing changes
   */
  record Dynamic(double factor, int context) implements RopeScaling {
    @Override
    public double[] scaled(double[] plain, int dim, double theta, int tokens) {
      if (tokens <= context) {
        return plain;
      }
      double growth = factor * tokens / context - (factor - 1);
      double base = theta * Math.pow(growth, dim / (dim - 2.0));
      double[] frequencies = new double[plain.length];
      Arrays.setAll(frequencies, pair -> Math.pow(base, -2.0 * pair / dim));
      return frequencies;
    }

    @Override
    public boolean dependsOnLength() {
      return true;
    }

    @Override
    public int shortestAlike(int tokens) {
      return tokens <= context ? 1 : tokens;
    }

    @Override
    public OptionalInt longestAlike() {
      return OptionalInt.of(context);
    }

    @Override
    public Optional<Rope.Context> context(OptionalInt maxPositions) {
      return stretched(maxPositions, factor, "max_position_embeddings times factor");
    }
  }

  /**
   * YaRN (Peng et al. 2023): pairs that turn often within the original context stay, those that
   * turn seldom are slowed down by a factor, and between them there is a ramp over the pairs'
   * numbers.
   *
   * @param factor the divisor of slow pairs
   * @param originalContext the tokens that the model was first trained on
   * @param betaFast turns in that context from which on a pair stays
   * @param betaSlow turns up to which a pair is slowed down by all of the factor
   * @param truncate whether the ramp begins and ends at whole numbers
   * @param attentionFactor by what cosines and sines are multiplied
   */
  record Yarn(
      double factor,
      int originalContext,
      double betaFast,
      double betaSlow,
      boolean truncate,
      double attentionFactor)
      implements RopeScaling {

    /** The paper's factor of scores, section 3.4, or a ratio of two of them. */
    public static double attentionFactor(
        double factor, OptionalDouble mscale, OptionalDouble ofAll) {
      return mscale.isPresent() && ofAll.isPresent()
          ? sharpness(factor, mscale.getAsDouble()) / sharpness(factor, ofAll.getAsDouble())
          : sharpness(factor, 1);
    }

    private static double sharpness(double factor, double scale) {
      return factor <= 1 ? 1 : 1 + 0.1 * scale * Math.log(factor);
    }

    @Override
    public double[] scaled(double[] plain, int dim, double theta, int tokens) {
      double first = pairOfTurns(betaFast, dim, theta);
      double last = pairOfTurns(betaSlow, dim, theta);
      double from = Math.max(truncate ? Math.floor(first) : first, 0);
      double to = Math.min(truncate ? Math.ceil(last) : last, dim - 1);
      double length = from == to ? 0.001 : to - from;
      double[] frequencies = new double[plain.length];
      for (int pair = 0; pair < plain.length; pair++) {
        double slowed = Math.min(Math.max((pair - from) / length, 0), 1);
        frequencies[pair] = plain[pair] / factor * slowed + plain[pair] * (1 - slowed);
      }
      return frequencies;
    }

    /** The pair, a broken number, that turns so often within the original context. */
    private double pairOfTurns(double turns, int dim, double theta) {
      return dim * Math.log(originalContext / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
    }

    @Override
    public Optional<Rope.Context> context(OptionalInt maxPositions) {
      return stretched(
          OptionalInt.of(originalContext), factor, "original_max_position_embeddings times factor");
    }
  }

  /**
   * LongRoPE (Ding et al. 2024): each pair has a divisor of its own, found by search, one for
   * documents within the original context and one for longer ones.
   *
   * @param shortFactors the divisors of short documents, {@code [pairs]}
   * @param longFactors those of longer ones
   * @param originalContext the longest short document
   * @param attentionFactor by what cosines and sines are multiplied, whatever the length
   */
  record LongRope(
      List<Double> shortFactors,
      List<Double> longFactors,
      int originalContext,
      double attentionFactor)
      implements RopeScaling {

    public LongRope {
      shortFactors = List.copyOf(shortFactors);
      longFactors = List.copyOf(longFactors);
    }

    /** The paper's factor of scores, of a context that grew by a factor. */
    public static double attentionFactor(double factor, long originalContext) {
      return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log((double) originalContext));
    }

    @Override
    public double[] scaled(double[] plain, int dim, double theta, int tokens) {
      List<Double> factors = tokens <= originalContext ? shortFactors : longFactors;
      double[] frequencies = new double[plain.length];
      Arrays.setAll(frequencies, pair -> plain[pair] / factors.get(pair));
      return frequencies;
    }

    @Override
    public boolean dependsOnLength() {
      return true;
    }

    @Override
    public int shortestAlike(int tokens) {
      return tokens <= originalContext ? 1 : originalContext + 1;
    }

    @Override
    public OptionalInt longestAlike() {
      return OptionalInt.of(originalContext);
    }
  }

  /**
   * Llama 3.1's: low frequencies are divided by a factor, high ones stay, those between are
   * blended.
   *
   * @param factor the divisor of low frequencies
   * @param lowFreqFactor wavelengths above the original context divided by this are low
   * @param highFreqFactor wavelengths below the original context divided by this are high
   * @param originalContext the tokens that the model was first trained on
   */
  record Llama3(double factor, double lowFreqFactor, double highFreqFactor, long originalContext)
      implements RopeScaling {
    @Override
    public double[] scaled(double[] plain, int dim, double theta, int tokens) {
      return Arrays.stream(plain).map(this::stretched).toArray();
    }

    private double stretched(double frequency) {
      double turns = originalContext * frequency / (2 * Math.PI);
      if (turns < lowFreqFactor) {
        return frequency / factor;
      }
      if (turns > highFreqFactor) {
        return frequency;
      }
      double kept = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
      return (1 - kept) * frequency / factor + kept * frequency;
    }
  }
}
