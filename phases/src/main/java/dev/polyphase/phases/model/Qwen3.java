package dev.polyphase.phases.model;

import java.util.List;

/** Qwen3, dense: queries and keys are normed head by head. */
final class Qwen3 implements Family {
  /** transformers' default, whatever the hidden size. */
  private static final int DEFAULT_HEAD_DIM = 128;

  @Override
  public String className() {
    return "Qwen3ForCausalLM";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys, DEFAULT_HEAD_DIM);
    boolean bias = keys.flag("attention_bias", false);
    List<Integer> windows = SlidingWindows.whereAsked(keys, decoder.numLayers());
    keys.refuseTrue("mlp_bias");
    return decoder.model(
        windows, window -> decoder.attention(bias, bias, true, window), decoder.mlp(false));
  }
}
