package dev.polyphase.phases.families;

import dev.polyphase.phases.families.DecoderKeys.Defaults;
import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Rope;
import java.util.Collections;

/** Ministral 3: queries are scaled by their position. */
final class Ministral3 implements Family {
  @Override
  public String className() {
    return "Ministral3ForCausalLM";
  }

  @Override
  public String modelType() {
    return "ministral3";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder =
        DecoderKeys.read(
            keys, Defaults.NONE.withHeadDim(128).withRmsNormEps(1e-5).withPaddingToken(11));
    keys.refuseTrue("attention_bias");
    keys.refuseTrue("mlp_bias");
    if (!keys.has("rope_parameters") && !keys.has("rope_scaling")) {
      keys.problem(
          "rope_parameters",
          "is missing; copy it from the published configuration, with llama_4_scaling_beta");
    }
    Rope rope = decoder.ropeKeys().withScaledQueries().read(keys);
    Projections projections = Projections.separate(false);
    return decoder.model(
        Collections.nCopies(decoder.numLayers(), SlidingWindows.sizeIfGiven(keys)),
        window -> decoder.attention(projections, HeadNorms.NONE, rope, window),
        decoder.mlp(false));
  }
}
