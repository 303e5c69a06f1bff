package dev.polyphase.phases.families;

import dev.polyphase.phases.families.DecoderKeys.Defaults;
import dev.polyphase.phases.model.Attention;
import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.Attention.Scores;
import dev.polyphase.phases.model.DecoderBlock;
import dev.polyphase.phases.model.DecoderBlock.Norms;
import dev.polyphase.phases.model.EndRules;
import dev.polyphase.phases.model.Experts;
import dev.polyphase.phases.model.Experts.Form;
import dev.polyphase.phases.model.Experts.Routing;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.RmsNorm;
import dev.polyphase.phases.model.Rope;
import dev.polyphase.phases.model.RopeScaling;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

/** gpt-oss: sinks in attention, windows in every other layer, experts with clamped gates. */
final class GptOss implements Family {
  private static final String CHOSEN = "experts_per_token";

  @Override
  public String className() {
    return "GptOssForCausalLM";
  }

  @Override
  public String modelType() {
    return "gpt_oss";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder =
        DecoderKeys.read(keys, Defaults.NONE.withHeadDim(64).withRmsNormEps(1e-5));
    boolean bias = keys.flag("attention_bias", true);
    int window = keys.names().contains(SlidingWindows.SIZE) ? SlidingWindows.size(keys) : 128;
    List<Integer> windows =
        SlidingWindows.byLayer(keys, decoder.numLayers(), window, layer -> layer % 2 == 0);
    MixtureKeys mixture = MixtureKeys.read(keys, 128, 4);
    // OpenAI's own name for the same; transformers looks at the other.
    if (keys.positiveOr(mixture.chosen(), CHOSEN) != mixture.chosen()) {
      keys.problem(
          CHOSEN,
          "is %s, but num_experts_per_tok is %d".formatted(keys.shown(CHOSEN), mixture.chosen()));
    }
    Form form =
        new Form.Interleaved(keys.number("swiglu_limit", 7), keys.number("swiglu_alpha", 1.702));
    Experts experts = mixture.experts(decoder.intermediateSize(), new Routing.TopFirst(), form);
    RmsNorm norm = decoder.norm(RmsNorm.Form.WEIGHT_BEFORE_ROUNDING);
    Scores scores = new Scores(0, 0, true);
    Rope rope = rope(keys, decoder);
    keys.harmless(Set.of("initial_context_length"));
    List<DecoderBlock> blocks =
        windows.stream()
            .map(
                ofLayer ->
                    new Attention(
                        decoder.heads(),
                        Projections.separate(bias),
                        HeadNorms.NONE,
                        rope,
                        ofLayer,
                        scores))
            .map(attention -> decoder.block(norm, Norms.BEFORE, attention, experts))
            .toList();
    return decoder.model(norm, blocks, EndRules.NONE);
  }

  /** Where neither key is there, the published models' own scaling, as transformers has it. */
  private static Rope rope(ConfigKeys keys, DecoderKeys decoder) {
    Rope rope = decoder.ropeKeys().withTheta(150_000).read(keys);
    boolean said = keys.has("rope_parameters") || keys.has("rope_scaling");
    if (said || !(rope instanceof Rope.Rotary plain)) {
      return rope;
    }
    double factor = 32;
    double sharpness =
        RopeScaling.Yarn.attentionFactor(factor, OptionalDouble.empty(), OptionalDouble.empty());
    return new Rope.Rotary(
        plain.dim(),
        plain.theta(),
        new RopeScaling.Yarn(factor, 4096, 32, 1, false, sharpness),
        plain.queries(),
        plain.maxPositions());
  }
}
