package dev.polyphase.phases.families;

import dev.polyphase.phases.families.DecoderKeys.Defaults;
import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.Mlp;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Rope;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/** Phi-3 and Phi-4: q, k and v are one matrix, and so are gate and up. */
final class Phi3 implements Family {
  @Override
  public String className() {
    return "Phi3ForCausalLM";
  }

  @Override
  public String modelType() {
    return "phi3";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder =
        DecoderKeys.read(keys, Defaults.NONE.withRmsNormEps(1e-5).withPaddingToken(32_000));
    keys.refuseTrue("attention_bias");
    keys.refuseTrue("mlp_bias");
    keys.refuseTrue("lm_head_bias");
    // Of Phi-4's own code, which transformers' does not look at.
    keys.harmless(Set.of("full_attn_mod", "interpolate_factor"));
    List<Integer> windows =
        Collections.nCopies(decoder.numLayers(), SlidingWindows.sizeIfGiven(keys));
    Rope rope = decoder.ropeKeys().asPhi3().read(keys);
    Projections projections = new Projections(false, false, true);
    Mlp mlp = new Mlp(decoder.intermediateSize(), false, true, decoder.activation());
    return decoder.model(
        windows, window -> decoder.attention(projections, HeadNorms.NONE, rope, window), mlp);
  }
}
