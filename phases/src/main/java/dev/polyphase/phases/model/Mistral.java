package dev.polyphase.phases.model;

import java.util.List;

/** Mistral, whose window is in every layer. */
final class Mistral implements Family {
  @Override
  public String className() {
    return "MistralForCausalLM";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys);
    keys.refuseTrue("attention_bias");
    int window = SlidingWindows.size(keys);
    List<Integer> windows = SlidingWindows.byLayer(keys, decoder.numLayers(), window, 0);
    keys.refuseTrue("mlp_bias");
    return decoder.model(
        windows, ofLayer -> decoder.attention(false, false, false, ofLayer), decoder.mlp(false));
  }
}
