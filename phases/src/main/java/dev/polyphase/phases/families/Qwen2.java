package dev.polyphase.phases.families;

import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Rope;
import java.util.List;

/** Qwen2 and 2.5: queries, keys and values have biases. */
final class Qwen2 implements Family {
  @Override
  public String className() {
    return "Qwen2ForCausalLM";
  }

  @Override
  public String modelType() {
    return "qwen2";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys);
    keys.refuseTrue("attention_bias");
    List<Integer> windows = SlidingWindows.whereAsked(keys, decoder.numLayers());
    keys.refuseTrue("mlp_bias");
    Rope rope = decoder.rope();
    Projections projections = new Projections(true, false, false);
    return decoder.model(
        windows,
        window -> decoder.attention(projections, HeadNorms.NONE, rope, window),
        decoder.mlp(false));
  }
}
