package dev.polyphase.phases.families;

import dev.polyphase.phases.families.DecoderKeys.Defaults;
import dev.polyphase.phases.model.Attention;
import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.DecoderBlock;
import dev.polyphase.phases.model.DecoderBlock.Norms;
import dev.polyphase.phases.model.EndRules;
import dev.polyphase.phases.model.Experts;
import dev.polyphase.phases.model.Experts.Form;
import dev.polyphase.phases.model.Experts.Routing;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.RmsNorm;
import java.util.Collections;

/** Mixtral: Mistral with experts in the place of the MLP. */
final class Mixtral implements Family {
  private static final Form FORM = new Form.Own("block_sparse_moe.", "w1", "w3", "w2");
  private static final String JITTER = "router_jitter_noise";

  @Override
  public String className() {
    return "MixtralForCausalLM";
  }

  @Override
  public String modelType() {
    return "mixtral";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys, Defaults.NONE.withRmsNormEps(1e-5));
    keys.refuseTrue("attention_bias");
    keys.refuseTrue("mlp_bias");
    if (keys.has(JITTER) && keys.get(JITTER).asDouble(1) != 0) {
      keys.problem(
          JITTER,
          "is %s, and noise before the router is not implemented; set it to 0"
              .formatted(keys.shown(JITTER)));
    }
    Attention attention =
        decoder.attention(
            Projections.separate(false),
            HeadNorms.NONE,
            decoder.ropeKeys().withTheta(1e6).read(keys),
            SlidingWindows.sizeIfGiven(keys));
    Experts experts =
        MixtureKeys.read(keys, 8, 2)
            .experts(decoder.intermediateSize(), new Routing.SoftmaxFirst(true, false), FORM);
    RmsNorm norm = decoder.norm(RmsNorm.Form.WEIGHT_AFTER_ROUNDING);
    DecoderBlock block = decoder.block(norm, Norms.BEFORE, attention, experts);
    return decoder.model(norm, Collections.nCopies(decoder.numLayers(), block), EndRules.NONE);
  }
}
