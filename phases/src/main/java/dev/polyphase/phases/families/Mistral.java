package dev.polyphase.phases.families;

import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Rope;
import java.util.Collections;
import java.util.List;

/** Mistral, whose window is in every layer. */
final class Mistral implements Family {
  @Override
  public String className() {
    return "MistralForCausalLM";
  }

  @Override
  public String modelType() {
    return "mistral";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys);
    keys.refuseTrue("attention_bias");
    int window = SlidingWindows.size(keys);
    List<Integer> windows =
        SlidingWindows.byLayer(keys, decoder.numLayers(), window, layer -> true);
    if (!windows.equals(Collections.nCopies(windows.size(), window))) {
      keys.problem(
          "layer_types",
          "asks for other windows than sliding_window, which is in every layer whatever it says;"
              + " remove it");
    }
    keys.refuseTrue("mlp_bias");
    Rope rope = decoder.rope();
    Projections projections = Projections.separate(false);
    return decoder.model(
        windows,
        ofLayer -> decoder.attention(projections, HeadNorms.NONE, rope, ofLayer),
        decoder.mlp(false));
  }
}
