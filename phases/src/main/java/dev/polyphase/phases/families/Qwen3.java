package dev.polyphase.phases.families;

import dev.polyphase.phases.families.DecoderKeys.Defaults;
import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Rope;
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
  public String modelType() {
    return "qwen3";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys, Defaults.NONE.withHeadDim(DEFAULT_HEAD_DIM));
    boolean bias = keys.flag("attention_bias", false);
    List<Integer> windows = SlidingWindows.whereAsked(keys, decoder.numLayers());
    keys.refuseTrue("mlp_bias");
    Rope rope = decoder.rope();
    Projections projections = Projections.separate(bias);
    return decoder.model(
        windows,
        window -> decoder.attention(projections, HeadNorms.EACH_HEAD, rope, window),
        decoder.mlp(false));
  }
}
