package dev.polyphase.phases.model;

import java.util.List;

/** Qwen2 and 2.5: queries, keys and values have biases. */
final class Qwen2 implements Family {
  @Override
  public String className() {
    return "Qwen2ForCausalLM";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys);
    keys.refuseTrue("attention_bias");
    List<Integer> windows = SlidingWindows.whereAsked(keys, decoder.numLayers());
    keys.refuseTrue("mlp_bias");
    return decoder.model(
        windows, window -> decoder.attention(true, false, false, window), decoder.mlp(false));
  }
}
