package dev.polyphase.phases.families;

import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.Attention.Scores;
import dev.polyphase.phases.model.DecoderBlock;
import dev.polyphase.phases.model.DecoderBlock.Norms;
import dev.polyphase.phases.model.EndRules;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.RmsNorm;
import dev.polyphase.phases.model.RmsNorm.Form;
import java.util.Collections;

/** Granite 3, dense: Llama with multipliers of embeddings, scores, both parts, and logits. */
final class Granite implements Family {
  @Override
  public String className() {
    return "GraniteForCausalLM";
  }

  @Override
  public String modelType() {
    return "granite";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys);
    Projections projections = Projections.separate(keys.flag("attention_bias", false));
    RmsNorm norm = decoder.norm(Form.WEIGHT_AFTER_ROUNDING);
    Scores scores = new Scores(keys.number("attention_multiplier", 1), 0, false);
    DecoderBlock block =
        new DecoderBlock(
            decoder.hiddenSize(),
            norm,
            Norms.BEFORE,
            keys.number("residual_multiplier", 1),
            decoder.attention(projections, HeadNorms.NONE, decoder.rope(), 0).with(scores),
            decoder.mlp(keys.flag("mlp_bias", false)));
    return decoder.model(
        norm,
        Collections.nCopies(decoder.numLayers(), block),
        new EndRules(
            -1,
            keys.number("embedding_multiplier", 1),
            false,
            keys.number("logits_scaling", 1),
            0));
  }
}
