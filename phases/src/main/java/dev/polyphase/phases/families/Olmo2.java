package dev.polyphase.phases.families;

import dev.polyphase.phases.families.DecoderKeys.Defaults;
import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.DecoderBlock.Norms;
import dev.polyphase.phases.model.EndRules;
import dev.polyphase.phases.model.Mlp;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.RmsNorm;
import dev.polyphase.phases.model.Rope;
import java.util.Collections;
import java.util.List;
import java.util.function.IntFunction;

/** OLMo 2: norms behind attention and MLP, and of all queries and all keys of a token together. */
final class Olmo2 implements Family {
  static final Defaults DEFAULTS = Defaults.NONE.withRmsNormEps(1e-5).withPaddingToken(1);

  @Override
  public String className() {
    return "Olmo2ForCausalLM";
  }

  @Override
  public String modelType() {
    return "olmo2";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys, DEFAULTS);
    Rope rope = decoder.rope();
    return model(decoder, Collections.nCopies(decoder.numLayers(), 0), window -> rope);
  }

  /** transformers turns in float32 in these families alone. */
  static Rope turningInFloat32(Rope rope) {
    return rope instanceof Rope.Rotary rotary ? rotary.turningInFloat32() : rope;
  }

  /** The model of some windows, and of a rope for each. */
  static ModelConfig model(
      DecoderKeys decoder, List<Integer> windows, IntFunction<Rope> ropeOfWindow) {
    Projections projections = Projections.separate(decoder.keys().flag("attention_bias", false));
    RmsNorm norm = decoder.norm(RmsNorm.Form.WEIGHT_BEFORE_ROUNDING);
    Mlp mlp = decoder.mlp(false);
    return decoder.model(
        norm,
        windows.stream()
            .map(
                window ->
                    decoder.attention(
                        projections,
                        HeadNorms.ALL_HEADS,
                        turningInFloat32(ropeOfWindow.apply(window)),
                        window))
            .map(attention -> decoder.block(norm, Norms.AFTER, attention, mlp))
            .toList(),
        EndRules.NONE);
  }
}
