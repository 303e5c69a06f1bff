package dev.polyphase.phases.model;

import java.util.Optional;
import java.util.OptionalInt;

/** How attention in a block knows where tokens are. */
public sealed interface Rope {
  /** Not at all, but for the order that causality gives. */
  record None() implements Rope {}

  /**
   * Rotary position embedding: pairs of a head's values turn with the position (Su et al. 2021).
   * Pair i is value i and value {@code i + pairs}; what of a head lies behind the pairs stays.
   *
   * @param dim how many values of a head turn; of an odd number one more does, and frequencies go
   *     by the odd one, as transformers has it
   * @param theta the base of the frequencies
   * @param scaling how frequencies are stretched for long contexts
   * @param queries by what turned queries are multiplied, if by anything
   * @param maxPositions {@code max_position_embeddings}, which may be before or after scaling
   * @param inFloat32 whether queries and keys are turned in float32, whatever they are computed in
   */
  record Rotary(
      int dim,
      double theta,
      RopeScaling scaling,
      Optional<QueryScale> queries,
      OptionalInt maxPositions,
      boolean inFloat32)
      implements Rope {

    /** Of queries and keys that are turned in the compute's dtype. */
    public Rotary(
        int dim,
        double theta,
        RopeScaling scaling,
        Optional<QueryScale> queries,
        OptionalInt maxPositions) {
      this(dim, theta, scaling, queries, maxPositions, false);
    }

    /** Of a model that says nothing of lengths, and of queries that are turned and nothing else. */
    public Rotary(int dim, double theta, RopeScaling scaling) {
      this(dim, theta, scaling, Optional.empty(), OptionalInt.empty());
    }

    /** The same in float32. */
    public Rotary turningInFloat32() {
      return new Rotary(dim, theta, scaling, queries, maxPositions, true);
    }

    /** Pairs of values that turn together. */
    int pairs() {
      return (dim + 1) / 2;
    }

    /** The values of a head that turn. */
    int width() {
      return 2 * pairs();
    }

    /**
     * Radians per position of each pair in a document, {@code [pairs]}.
     *
     * @param tokens of the document
     */
    public double[] frequencies(int tokens) {
      double[] frequencies = new double[pairs()];
      for (int pair = 0; pair < frequencies.length; pair++) {
        frequencies[pair] = Math.pow(theta, -2.0 * pair / dim);
      }
      return scaling.scaled(frequencies, dim, theta, tokens);
    }
  }

  /**
   * Turned queries are multiplied by {@code 1 + beta * log(1 + floor(position / context))}, so that
   * attention stays sharp over long contexts ({@code get_llama_4_attn_scale} in transformers).
   *
   * @param beta how much
   * @param context the tokens within which nothing changes
   */
  record QueryScale(double beta, long context) {
    /** The factor of a position, from 0. */
    public double at(int position) {
      return 1 + beta * Math.log1p((double) Math.floorDiv((long) position, context));
    }
  }

  /**
   * How long documents may be that positions were made for.
   *
   * @param tokens of the longest
   * @param by the keys of the configuration that say so
   */
  record Context(long tokens, String by) {}

  /** How long documents may be; empty where nothing says it. */
  default Optional<Context> context() {
    return this instanceof Rotary rotary
        ? rotary.scaling().context(rotary.maxPositions())
        : Optional.empty();
  }

  /** The rope of a layer without positions. */
  static Rope none() {
    return new None();
  }

  /** Whether a token's turn depends on how many tokens its document has. */
  default boolean dependsOnLength() {
    return this instanceof Rotary rotary && rotary.scaling().dependsOnLength();
  }
}
