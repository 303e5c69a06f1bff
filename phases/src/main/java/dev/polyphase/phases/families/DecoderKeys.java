package dev.polyphase.phases.families;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.phases.model.Attention;
import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.Attention.Scores;
import dev.polyphase.phases.model.DecoderBlock;
import dev.polyphase.phases.model.DecoderBlock.Norms;
import dev.polyphase.phases.model.EndRules;
import dev.polyphase.phases.model.FeedForward;
import dev.polyphase.phases.model.Mlp;
import dev.polyphase.phases.model.Mlp.Activation;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.RmsNorm;
import dev.polyphase.phases.model.Rope;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.TextNames;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The keys that decoders of attention and gated MLPs have in common.
 *
 * @param keys where they were read
 * @param defaults of the family
 * @param numLayers transformer blocks
 * @param hiddenSize the width of the residual stream
 * @param intermediateSize the width inside the MLP
 * @param vocabSize rows of the embedding
 * @param rmsNormEps added to the mean square in norms
 * @param activation of the MLP's gate
 * @param heads of attention
 */
record DecoderKeys(
    ConfigKeys keys,
    Defaults defaults,
    int numLayers,
    int hiddenSize,
    int intermediateSize,
    int vocabSize,
    double rmsNormEps,
    Activation activation,
    Attention.Heads heads) {
  /** More than any model has, and few enough to make a list of. */
  private static final int MOST_LAYERS = 10_000;

  private static final String HEADS = "num_attention_heads";
  private static final String KEY_VALUE_HEADS = "num_key_value_heads";
  private static final String HIDDEN_SIZE = "hidden_size";
  private static final String HEAD_DIM = "head_dim";
  private static final String PADDING = "pad_token_id";

  /**
   * What a family has where a key is not there. 0 is for none: the key must be there, or follows
   * from others.
   *
   * @param headDim {@code head_dim}; 0 for a share of the hidden size
   * @param rmsNormEps {@code rms_norm_eps}
   * @param paddingToken {@code pad_token_id}; -1 for none
   * @param tied {@code tie_word_embeddings}
   * @param activationKey what the key of the MLP's activation is called
   * @param activation its value
   * @param sizes all others; null for none
   */
  record Defaults(
      int headDim,
      double rmsNormEps,
      int paddingToken,
      boolean tied,
      String activationKey,
      String activation,
      Sizes sizes) {
    /** transformers' most frequent ones. */
    static final Defaults NONE = new Defaults(0, 1e-6, -1, false, "hidden_act", "silu", Sizes.NONE);

    Defaults withHeadDim(int other) {
      return new Defaults(other, rmsNormEps, paddingToken, tied, activationKey, activation, sizes);
    }

    Defaults withRmsNormEps(double other) {
      return new Defaults(headDim, other, paddingToken, tied, activationKey, activation, sizes);
    }

    /** With the head tied to the embedding. */
    Defaults tiedByDefault() {
      return new Defaults(
          headDim, rmsNormEps, paddingToken, true, activationKey, activation, sizes);
    }

    Defaults withPaddingToken(int other) {
      return new Defaults(headDim, rmsNormEps, other, tied, activationKey, activation, sizes);
    }
  }

  /**
   * Sizes of a family, some published configurations of which leave them out. 0 for none.
   *
   * @param hidden {@code hidden_size}
   * @param intermediate {@code intermediate_size}
   * @param layers {@code num_hidden_layers}
   * @param heads {@code num_attention_heads}
   * @param keyValueHeads {@code num_key_value_heads}
   * @param vocabulary {@code vocab_size}
   */
  record Sizes(
      int hidden, int intermediate, int layers, int heads, int keyValueHeads, int vocabulary) {
    static final Sizes NONE = new Sizes(0, 0, 0, 0, 0, 0);
  }

  /** Of families whose heads share the hidden size out where {@code head_dim} is not there. */
  static DecoderKeys read(ConfigKeys keys) {
    return read(keys, Defaults.NONE);
  }

  /** Of families with defaults. */
  static DecoderKeys read(ConfigKeys keys, Defaults defaults) {
    Sizes sizes = defaults.sizes();
    int hiddenSize = positive(keys, sizes.hidden(), HIDDEN_SIZE);
    int numHeads = positive(keys, sizes.heads(), HEADS);
    int numKeyValueHeads =
        keys.positiveOr(
            sizes.keyValueHeads() > 0 ? sizes.keyValueHeads() : numHeads, KEY_VALUE_HEADS);
    int numLayers =
        keys.has("num_hidden_layers") || sizes.layers() == 0
            ? keys.positiveUpTo(MOST_LAYERS, "num_hidden_layers")
            : sizes.layers();
    int headDim = headDim(keys, hiddenSize, numHeads, defaults.headDim());
    if (keys.sound(HEADS, KEY_VALUE_HEADS) && numHeads % numKeyValueHeads != 0) {
      keys.problem(
          KEY_VALUE_HEADS,
          "must divide num_attention_heads (%d), found %d".formatted(numHeads, numKeyValueHeads));
    }
    refuseUnimplemented(keys);
    return new DecoderKeys(
        keys,
        defaults,
        numLayers,
        hiddenSize,
        positive(keys, sizes.intermediate(), "intermediate_size"),
        positive(keys, sizes.vocabulary(), "vocab_size"),
        keys.number("rms_norm_eps", defaults.rmsNormEps()),
        activation(keys, defaults),
        new Attention.Heads(numHeads, numKeyValueHeads, headDim));
  }

  private static int positive(ConfigKeys keys, int otherwise, String key) {
    return otherwise > 0 ? keys.positiveOr(otherwise, key) : keys.positive(key);
  }

  private static int headDim(ConfigKeys keys, int hiddenSize, int numHeads, int defaultHeadDim) {
    int headDim;
    if (keys.has(HEAD_DIM)) {
      headDim = keys.positive(HEAD_DIM);
    } else if (defaultHeadDim > 0) {
      headDim = defaultHeadDim;
    } else {
      if (keys.sound(HIDDEN_SIZE, HEADS) && hiddenSize % numHeads != 0) {
        keys.problem(
            HEADS, "must divide hidden_size (%d), found %d".formatted(hiddenSize, numHeads));
      }
      headDim = hiddenSize / numHeads;
    }
    if (keys.sound(HIDDEN_SIZE, HEADS, HEAD_DIM) && headDim % 2 != 0) {
      keys.problem(HEAD_DIM, "must be even for rotary positions, found " + headDim);
    }
    return headDim;
  }

  private static Activation activation(ConfigKeys keys, Defaults defaults) {
    String key = defaults.activationKey();
    String name = keys.text(key, defaults.activation());
    return switch (name) {
      case "silu", "swish" -> Activation.SILU;
      case "gelu_pytorch_tanh" -> Activation.GELU_TANH;
      default -> {
        keys.problem(key, "is '" + name + "', and silu and gelu_pytorch_tanh are implemented");
        yield Activation.SILU;
      }
    };
  }

  private static void refuseUnimplemented(ConfigKeys keys) {
    for (String key : List.of("attention_dropout", "hidden_dropout", "resid_pdrop", "embd_pdrop")) {
      if (keys.has(key) && keys.get(key).asDouble(1) != 0) {
        keys.problem(key, "is " + keys.get(key) + ", and dropout is not implemented; set it to 0");
      }
    }
    if (keys.flag("use_mrope", false)) {
      keys.problem("use_mrope", "is true, and multimodal positions are not implemented");
    }
    if (keys.flag("rope_interleaved", false)) {
      keys.problem("rope_interleaved", "is true, and only half-split heads are implemented");
    }
    if (keys.flag("use_bidirectional_attention", false)) {
      keys.problem(
          "use_bidirectional_attention", "is true, and only causal attention is implemented");
    }
  }

  /**
   * Attention of these heads, whose scores are scaled by their size.
   *
   * @param rope how it knows where tokens are
   * @param window how many positions a token sees, itself included; 0 for all
   */
  Attention attention(Projections projections, HeadNorms headNorms, Rope rope, int window) {
    return new Attention(heads, projections, headNorms, rope, window, Scores.PLAIN);
  }

  /** The keys of positions. */
  RopeKeys ropeKeys() {
    return RopeKeys.of(heads.dim());
  }

  /** The rope that all layers have in common. */
  Rope rope() {
    return ropeKeys().read(keys);
  }

  /** An MLP of this width. */
  Mlp mlp(boolean bias) {
    return new Mlp(intermediateSize, bias, false, activation);
  }

  /** A norm of this eps. */
  RmsNorm norm(RmsNorm.Form form) {
    return new RmsNorm(rmsNormEps, form);
  }

  /**
   * A model as Llama's: norms before both parts, nothing scaled.
   *
   * @param windows of the layers
   * @param attention of a window
   * @param mlp of every layer
   */
  ModelConfig model(List<Integer> windows, IntFunction<Attention> attention, Mlp mlp) {
    RmsNorm norm = norm(RmsNorm.Form.WEIGHT_AFTER_ROUNDING);
    return model(
        norm,
        windows.stream()
            .map(window -> block(norm, Norms.BEFORE, attention.apply(window), mlp))
            .toList(),
        EndRules.NONE);
  }

  /** A block of this width that adds its parts as they are. */
  DecoderBlock block(RmsNorm norm, Norms norms, Attention attention, FeedForward feedForward) {
    return new DecoderBlock(hiddenSize, norm, norms, 1, attention, feedForward);
  }

  /**
   * The padding token, of which transformers' embedding learns nothing. What is no word of the
   * model is none: it would load no such model.
   */
  private int paddingToken() {
    if (!keys.names().contains(PADDING)) {
      return defaults.paddingToken() < vocabSize ? defaults.paddingToken() : -1;
    }
    JsonNode given = keys.get(PADDING);
    // Below 0 it counts from the end, as in torch.
    int token =
        given.isInt() && given.intValue() < 0 ? given.intValue() + vocabSize : given.asInt(-1);
    return token < vocabSize ? Math.max(-1, token) : -1;
  }

  /** The model, whose head is tied as the key has it. */
  ModelConfig model(RmsNorm norm, List<DecoderBlock> blocks, EndRules ends) {
    return new ModelConfig(
        hiddenSize,
        vocabSize,
        norm,
        blocks,
        ends.withPadding(paddingToken()),
        keys.flag(HeadTie.KEY, defaults.tied()) ? HeadTie.TIED : HeadTie.UNTIED,
        TextNames.PLAIN);
  }
}
