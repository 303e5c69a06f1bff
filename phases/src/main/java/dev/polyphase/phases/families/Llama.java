package dev.polyphase.phases.families;

import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.Mlp;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Rope;
import java.util.List;

/** Llama 2, 3 and 3.1, and what follows them, as SmolLM2. */
final class Llama implements Family {
  @Override
  public String className() {
    return "LlamaForCausalLM";
  }

  @Override
  public String modelType() {
    return "llama";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys);
    boolean attentionBias = keys.flag("attention_bias", false);
    List<Integer> windows = windows(keys, decoder.numLayers());
    Rope rope = decoder.rope();
    Mlp mlp = decoder.mlp(keys.flag("mlp_bias", false));
    Projections projections = Projections.separate(attentionBias);
    return decoder.model(
        windows, window -> decoder.attention(projections, HeadNorms.NONE, rope, window), mlp);
  }

  /** None; what other families' keys say of windows may be there where it asks for none. */
  private static List<Integer> windows(ConfigKeys keys, int numLayers) {
    int window = keys.positiveOr(0, SlidingWindows.SIZE);
    keys.refuseTrue(SlidingWindows.ASKED);
    if (window > 0) {
      keys.problem(SlidingWindows.SIZE, "is not implemented for this architecture");
    }
    SlidingWindows.firstLayer(keys);
    return SlidingWindows.byLayer(keys, numLayers, 0, layer -> false);
  }
}
