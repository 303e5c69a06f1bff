package dev.polyphase.phases.model;

import dev.polyphase.weights.HeadTie;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The keys that decoders of rotary attention and gated MLPs have in common.
 *
 * @param keys where they were read
 * @param numLayers transformer blocks
 * @param hiddenSize the width of the residual stream
 * @param intermediateSize the width inside the MLP
 * @param vocabSize rows of the embedding
 * @param rmsNormEps added to the mean square in norms
 * @param heads of attention
 * @param rope the position embedding
 */
record DecoderKeys(
    ConfigKeys keys,
    int numLayers,
    int hiddenSize,
    int intermediateSize,
    int vocabSize,
    double rmsNormEps,
    Attention.Heads heads,
    Rope rope) {
  /** More than any model has, and few enough to make a list of. */
  private static final int MOST_LAYERS = 10_000;

  private static final String HEAD_DIM = "head_dim";

  /** Of families whose heads share the hidden size out where {@code head_dim} is not there. */
  static DecoderKeys read(ConfigKeys keys) {
    return read(keys, 0);
  }

  /**
   * Of families with a default.
   *
   * @param defaultHeadDim where {@code head_dim} is not there; 0 for a share of the hidden size
   */
  static DecoderKeys read(ConfigKeys keys, int defaultHeadDim) {
    int hiddenSize = keys.positive("hidden_size");
    int numHeads = keys.positive("num_attention_heads");
    int numKeyValueHeads = keys.positiveOr(numHeads, "num_key_value_heads");
    int numLayers = keys.positiveUpTo(MOST_LAYERS, "num_hidden_layers");
    int headDim = headDim(keys, hiddenSize, numHeads, defaultHeadDim);
    if (keys.sound("num_attention_heads", "num_key_value_heads")
        && numHeads % numKeyValueHeads != 0) {
      keys.problem(
          "num_key_value_heads",
          "must divide num_attention_heads (%d), found %d".formatted(numHeads, numKeyValueHeads));
    }
    refuseUnimplemented(keys);
    return new DecoderKeys(
        keys,
        numLayers,
        hiddenSize,
        keys.positive("intermediate_size"),
        keys.positive("vocab_size"),
        keys.number("rms_norm_eps", 1e-6),
        new Attention.Heads(numHeads, numKeyValueHeads, headDim),
        RopeKeys.read(keys));
  }

  private static int headDim(ConfigKeys keys, int hiddenSize, int numHeads, int defaultHeadDim) {
    int headDim;
    if (keys.has(HEAD_DIM)) {
      headDim = keys.positive(HEAD_DIM);
    } else if (defaultHeadDim > 0) {
      headDim = defaultHeadDim;
    } else {
      if (keys.sound("hidden_size", "num_attention_heads") && hiddenSize % numHeads != 0) {
        keys.problem(
            "num_attention_heads",
            "must divide hidden_size (%d), found %d".formatted(hiddenSize, numHeads));
      }
      headDim = hiddenSize / numHeads;
    }
    if (keys.sound("hidden_size", "num_attention_heads", HEAD_DIM) && headDim % 2 != 0) {
      keys.problem(HEAD_DIM, "must be even for rotary positions, found " + headDim);
    }
    return headDim;
  }

  private static void refuseUnimplemented(ConfigKeys keys) {
    String activation = keys.text("hidden_act", "silu");
    if (!activation.equals("silu")) {
      keys.problem("hidden_act", "is '" + activation + "', and only silu is implemented");
    }
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
  }

  /**
   * Attention of these heads.
   *
   * @param queryKeyValueBias whether q, k and v have biases
   * @param outputBias whether o has a bias
   * @param headNorms whether queries and keys are normed head by head
   * @param window how many positions a token sees, itself included; 0 for all
   */
  Attention attention(
      boolean queryKeyValueBias, boolean outputBias, boolean headNorms, int window) {
    return new Attention(heads, queryKeyValueBias, outputBias, headNorms, rope, window);
  }

  /** An MLP of this width. */
  Mlp mlp(boolean bias) {
    return new Mlp(intermediateSize, bias);
  }

  /**
   * The model, whose head is tied as the key has it.
   *
   * @param windows of the layers
   * @param attention of a window
   * @param mlp of every layer
   */
  ModelConfig model(List<Integer> windows, IntFunction<Attention> attention, Mlp mlp) {
    List<DecoderBlock> blocks =
        windows.stream()
            .map(window -> new DecoderBlock(hiddenSize, rmsNormEps, attention.apply(window), mlp))
            .toList();
    return new ModelConfig(
        hiddenSize,
        vocabSize,
        rmsNormEps,
        blocks,
        keys.flag(HeadTie.KEY, false) ? HeadTie.TIED : HeadTie.UNTIED);
  }
}
