package dev.polyphase.phases.families;

import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.Attention.Scores;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Rope;
import java.util.List;

/** Gemma 2: norms before and behind, windows in every second layer, caps of scores and logits. */
final class Gemma2 implements Family {
  private static final int DEFAULT_VOCABULARY = 256_000;

  /** Of the 9B model's configuration, where it repeats the other; transformers does not read it. */
  private static final String OTHER_SIZE = "sliding_window_size";

  @Override
  public String className() {
    return "Gemma2ForCausalLM";
  }

  @Override
  public String modelType() {
    return "gemma2";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys, Gemma.defaults(DEFAULT_VOCABULARY));
    Projections projections = Projections.separate(keys.flag("attention_bias", false));
    Rope rope = decoder.rope();
    Scores scores =
        new Scores(Gemma.scale(keys), keys.numberOrNone("attn_logit_softcapping", 50), false);
    int window = SlidingWindows.size(keys);
    List<Integer> windows =
        SlidingWindows.byLayer(keys, decoder.numLayers(), window, layer -> layer % 2 == 0);
    if (keys.positiveOr(window, OTHER_SIZE) != window) {
      keys.problem(
          OTHER_SIZE, "is %s, but sliding_window is %d".formatted(keys.shown(OTHER_SIZE), window));
    }
    return Gemma.model(
        decoder,
        windows.stream()
            .map(
                ofLayer ->
                    decoder.attention(projections, HeadNorms.NONE, rope, ofLayer).with(scores))
            .toList(),
        keys.numberOrNone("final_logit_softcapping", 30));
  }
}
