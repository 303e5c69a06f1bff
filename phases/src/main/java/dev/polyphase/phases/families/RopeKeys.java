package dev.polyphase.phases.families;

import static java.util.Objects.requireNonNull;

import dev.polyphase.phases.model.Rope;
import dev.polyphase.phases.model.RopeScaling;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The keys of rotary positions, in the older and the newer spelling, and what families make of
 * them.
 *
 * @param headDim values of a head
 * @param defaultTheta where {@code rope_theta} is not there
 * @param partial whether {@code partial_rotary_factor} may leave the rest of a head unturned
 * @param longRopeAlone whether no other scaling is known, as in Phi-3, where it was once called su
 *     or yarn
 * @param scalesQueries whether queries are scaled by position, as in Ministral 3
 */
record RopeKeys(
    int headDim,
    double defaultTheta,
    boolean partial,
    boolean longRopeAlone,
    boolean scalesQueries) {
  static final String FULL = "full_attention";
  static final String SLIDING = "sliding_attention";

  private static final String NEWER = "rope_parameters";
  private static final String OLDER = "rope_scaling";
  private static final String THETA = "rope_theta";
  private static final String PARTIAL = "partial_rotary_factor";
  private static final String MAX_POSITIONS = "max_position_embeddings";
  private static final String ORIGINAL = "original_max_position_embeddings";
  private static final String FACTOR = "factor";
  private static final String TRUNCATE = "truncate";

  /** Of Phi-3 where the key is not there. */
  private static final int DEFAULT_ORIGINAL = 4096;

  /** Of most families: all of a head turns. */
  static RopeKeys of(int headDim) {
    return new RopeKeys(headDim, 10_000, false, false, false);
  }

  /** With another default of {@code rope_theta}. */
  RopeKeys withTheta(double theta) {
    return new RopeKeys(headDim, theta, partial, longRopeAlone, scalesQueries);
  }

  /** Phi-3's: LongRoPE or nothing, of all of a head or of its first values. */
  RopeKeys asPhi3() {
    return new RopeKeys(headDim, defaultTheta, true, true, scalesQueries);
  }

  /** Ministral 3's: queries are scaled by {@code llama_4_scaling_beta}. */
  RopeKeys withScaledQueries() {
    return new RopeKeys(headDim, defaultTheta, partial, longRopeAlone, true);
  }

  /** The rope that a model's layers have in common. */
  Rope read(ConfigKeys keys) {
    ConfigKeys parameters = keys.below(spelling(keys));
    OptionalInt original =
        longRopeAlone || keys.has(ORIGINAL)
            ? OptionalInt.of(keys.positiveOr(DEFAULT_ORIGINAL, ORIGINAL))
            : OptionalInt.empty();
    return read(keys, parameters, THETA, defaultTheta, original);
  }

  /**
   * The ropes of models that have one for each type of layer: {@code rope_parameters} holds a
   * mapping for each; in the older spelling {@code rope_scaling} is that of full attention.
   *
   * @param slidingTheta where the older spelling has the base of {@link #SLIDING}
   * @param defaultSlidingTheta where it is not there
   * @return by {@link #FULL} and {@link #SLIDING}
   */
  Map<String, Rope> readByLayerType(
      ConfigKeys keys, String slidingTheta, double defaultSlidingTheta) {
    String spelling = spelling(keys);
    ConfigKeys parameters = keys.below(spelling);
    OptionalInt none = OptionalInt.empty();
    Map<String, Rope> ropes = new LinkedHashMap<>();
    if (spelling.equals(NEWER)) {
      ConfigKeys full = ofLayerType(parameters, FULL);
      ropes.put(FULL, read(keys, full, THETA, defaultTheta, none));
      ConfigKeys sliding = ofLayerType(parameters, SLIDING);
      ropes.put(SLIDING, read(keys, sliding, slidingTheta, defaultSlidingTheta, none));
      parameters.refuseOthers();
    } else {
      ropes.put(FULL, read(keys, heedingTruncate(parameters), THETA, defaultTheta, none));
      ropes.put(
          SLIDING,
          new Rope.Rotary(
              turned(keys, keys),
              keys.number(slidingTheta, defaultSlidingTheta),
              new RopeScaling.None(),
              Optional.empty(),
              maxPositions(keys)));
    }
    return ropes;
  }

  /** Of ropes by layer type that of a layer with this window; 0 for none. */
  static Rope ofWindow(Map<String, Rope> ropes, int window) {
    return requireNonNull(ropes.get(window > 0 ? SLIDING : FULL));
  }

  private static ConfigKeys ofLayerType(ConfigKeys parameters, String type) {
    return heedingTruncate(parameters.below(type));
  }

  private static ConfigKeys heedingTruncate(ConfigKeys ofType) {
    if (!ofType.flag(TRUNCATE, true)) {
      ofType.problem(
          TRUNCATE, "is false, which transformers does not heed of a type of layer; remove it");
    }
    return ofType;
  }

  /** Which of the two spellings there is. */
  private static String spelling(ConfigKeys keys) {
    boolean newer = keys.has(NEWER);
    if (newer && keys.has(OLDER) && !keys.get(OLDER).equals(keys.get(NEWER))) {
      keys.problem(OLDER, "differs from rope_parameters; keep one of the two");
    }
    return newer ? NEWER : OLDER;
  }

  /**
   * One rope.
   *
   * @param keys the configuration's own
   * @param parameters of the rope
   * @param theta where the base is among {@code keys}, if it is not among {@code parameters}
   * @param original the context that the configuration's own keys say the model was first trained
   *     on
   */
  private Rope read(
      ConfigKeys keys,
      ConfigKeys parameters,
      String theta,
      double thetaOtherwise,
      OptionalInt original) {
    double base =
        parameters.has(THETA) ? parameters.number(THETA) : keys.number(theta, thetaOtherwise);
    keys.harmless(Set.of(theta));
    int dim = turned(keys, parameters);
    RopeScaling scaling = scaling(keys, parameters, dim, original);
    Optional<Rope.QueryScale> queries =
        scalesQueries ? queryScale(keys, parameters, original) : Optional.empty();
    parameters.harmless(Set.of("type", "rope_type", THETA, PARTIAL));
    parameters.refuseOthers();
    return new Rope.Rotary(dim, base, scaling, queries, maxPositions(keys));
  }

  private RopeScaling scaling(
      ConfigKeys keys, ConfigKeys parameters, int dim, OptionalInt original) {
    String type = parameters.text("rope_type", parameters.text("type", "default"));
    if (longRopeAlone && !type.equals("default")) {
      if (Set.of("longrope", "su", "yarn").contains(type)) {
        return longRope(keys, parameters, dim, original);
      }
      return refused(parameters, type, "default and longrope");
    }
    return switch (type) {
      case "default" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(parameters.number(FACTOR));
      case "dynamic" -> dynamic(keys, parameters, dim);
      case "yarn" -> yarn(keys, parameters, original);
      case "longrope" -> longRope(keys, parameters, dim, original);
      case "llama3" -> llama3(keys, parameters, original);
      default -> refused(parameters, type, "default, linear, dynamic, yarn, longrope and llama3");
    };
  }

  private static RopeScaling refused(ConfigKeys parameters, String type, String known) {
    parameters.problem("rope_type", "is '" + type + "', and " + known + " are implemented");
    parameters.harmless(parameters.names());
    return new RopeScaling.None();
  }

  private static RopeScaling dynamic(ConfigKeys keys, ConfigKeys parameters, int dim) {
    if (dim <= 2) {
      parameters.problem("rope_type", "is 'dynamic', which needs more than 2 values that turn");
    }
    return new RopeScaling.Dynamic(parameters.number(FACTOR), keys.positive(MAX_POSITIONS));
  }

  private static RopeScaling yarn(ConfigKeys keys, ConfigKeys parameters, OptionalInt original) {
    int context = original(keys, parameters, original);
    double factor = factor(keys, parameters, context);
    OptionalDouble given = optional(parameters, "attention_factor");
    OptionalDouble mscale = optional(parameters, "mscale");
    OptionalDouble ofAll = optional(parameters, "mscale_all_dim");
    double betaFast = optional(parameters, "beta_fast").orElse(32);
    double betaSlow = optional(parameters, "beta_slow").orElse(1);
    if (parameters.sound("beta_fast", "beta_slow") && betaFast < betaSlow) {
      parameters.problem(
          "beta_fast", "must not be below beta_slow (%s), found %s".formatted(betaSlow, betaFast));
    }
    // What the first implementation wrote, and nobody reads.
    parameters.harmless(Set.of("finetuned"));
    return new RopeScaling.Yarn(
        factor,
        context,
        betaFast,
        betaSlow,
        parameters.flag(TRUNCATE, true),
        given.orElseGet(() -> RopeScaling.Yarn.attentionFactor(factor, mscale, ofAll)));
  }

  private static RopeScaling longRope(
      ConfigKeys keys, ConfigKeys parameters, int dim, OptionalInt original) {
    int context = original(keys, parameters, original);
    double factor = factor(keys, parameters, context);
    OptionalDouble given = optional(parameters, "attention_factor");
    int pairs = (dim + 1) / 2;
    return new RopeScaling.LongRope(
        parameters.numbers("short_factor", pairs),
        parameters.numbers("long_factor", pairs),
        context,
        given.orElseGet(() -> RopeScaling.LongRope.attentionFactor(factor, context)));
  }

  private static RopeScaling llama3(ConfigKeys keys, ConfigKeys parameters, OptionalInt original) {
    RopeScaling.Llama3 scaling =
        new RopeScaling.Llama3(
            parameters.number(FACTOR),
            parameters.number("low_freq_factor"),
            parameters.number("high_freq_factor"),
            original(keys, parameters, original));
    if (parameters.sound("low_freq_factor", "high_freq_factor")
        && scaling.lowFreqFactor() >= scaling.highFreqFactor()) {
      parameters.problem(
          "high_freq_factor",
          "must be above low_freq_factor (%s), found %s"
              .formatted(scaling.lowFreqFactor(), scaling.highFreqFactor()));
    }
    return scaling;
  }

  /** The scale of queries that all of a model's layers have. */
  private static Optional<Rope.QueryScale> queryScale(
      ConfigKeys keys, ConfigKeys parameters, OptionalInt original) {
    String beta = "llama_4_scaling_beta";
    // Beside what the model's own key says, and read by nobody.
    parameters.harmless(Set.of(MAX_POSITIONS));
    if (isZero(parameters, beta)) {
      return Optional.empty();
    }
    return Optional.of(
        new Rope.QueryScale(parameters.number(beta), original(keys, parameters, original)));
  }

  /** How many values of a head turn. */
  private int turned(ConfigKeys keys, ConfigKeys parameters) {
    ConfigKeys where = parameters.has(PARTIAL) ? parameters : keys;
    keys.harmless(Set.of(PARTIAL));
    if (!where.has(PARTIAL)) {
      return headDim;
    }
    if (!partial) {
      if (!where.get(PARTIAL).isNumber() || where.get(PARTIAL).doubleValue() != 1) {
        where.problem(
            PARTIAL, "is %s, and only 1.0 is implemented".formatted(where.shown(PARTIAL)));
      }
      return headDim;
    }
    double factor = where.number(PARTIAL);
    int dim = (int) (headDim * factor);
    if (where.sound(PARTIAL) && (factor > 1 || dim < 1)) {
      where.problem(
          PARTIAL,
          "must leave from 1 to all %d values of a head to be turned, found %s"
              .formatted(headDim, where.shown(PARTIAL)));
      return headDim;
    }
    return dim;
  }

  private static OptionalInt maxPositions(ConfigKeys keys) {
    return keys.has(MAX_POSITIONS)
        ? OptionalInt.of(keys.positive(MAX_POSITIONS))
        : OptionalInt.empty();
  }

  /** The context that the model was first trained on; where nothing says it, all that it has. */
  private static int original(ConfigKeys keys, ConfigKeys parameters, OptionalInt ofModel) {
    if (parameters.has(ORIGINAL)) {
      int own = parameters.positive(ORIGINAL);
      if (ofModel.isPresent() && parameters.sound(ORIGINAL) && own != ofModel.getAsInt()) {
        parameters.problem(
            ORIGINAL,
            "is %d, and that of the model, which goes before, is %d; they must be equal"
                .formatted(own, ofModel.getAsInt()));
      }
      return own;
    }
    return ofModel.orElseGet(() -> keys.positive(MAX_POSITIONS));
  }

  /** By how much the context grew, as said or as it follows. */
  private static double factor(ConfigKeys keys, ConfigKeys parameters, int original) {
    return parameters.has(FACTOR)
        ? parameters.number(FACTOR)
        : (double) keys.positive(MAX_POSITIONS) / original;
  }

  /** A number above 0; where it is 0 it counts as absent. */
  private static OptionalDouble optional(ConfigKeys keys, String key) {
    if (!keys.has(key) || isZero(keys, key)) {
      keys.harmless(Set.of(key));
      return OptionalDouble.empty();
    }
    return OptionalDouble.of(keys.number(key));
  }

  private static boolean isZero(ConfigKeys keys, String key) {
    return keys.get(key).isNumber() && keys.get(key).doubleValue() == 0;
  }
}
