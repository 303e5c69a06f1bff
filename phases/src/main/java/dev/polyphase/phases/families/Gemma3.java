package dev.polyphase.phases.families;

import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.Attention.Scores;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Rope;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Gemma 3's text model: norms before and behind and of each head, windows in five of six layers,
 * which turn by another base than the others.
 */
final class Gemma3 implements Family {
  private static final int DEFAULT_VOCABULARY = 262_208;

  /** Of so many layers the last has no window, where {@code layer_types} is not there. */
  private static final String PATTERN = "sliding_window_pattern";

  @Override
  public String className() {
    return "Gemma3ForCausalLM";
  }

  @Override
  public String modelType() {
    return "gemma3_text";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys, Gemma.defaults(DEFAULT_VOCABULARY));
    Projections projections = Projections.separate(keys.flag("attention_bias", false));
    Map<String, Rope> ropes =
        decoder
            .ropeKeys()
            .withTheta(1_000_000)
            .readByLayerType(keys, "rope_local_base_freq", 10_000);
    Scores scores = new Scores(Gemma.scale(keys), 0, false);
    int pattern = keys.positiveOr(6, PATTERN);
    // No program heeds the first in this architecture; what was read from the second lies in
    // layer_types.
    keys.harmless(Set.of("attn_logit_softcapping", "_sliding_window_pattern"));
    List<Integer> windows =
        SlidingWindows.byLayer(
            keys,
            decoder.numLayers(),
            SlidingWindows.size(keys),
            layer -> (layer + 1) % pattern != 0);
    return Gemma.model(
        decoder,
        windows.stream()
            .map(
                window ->
                    decoder
                        .attention(
                            projections,
                            HeadNorms.EACH_HEAD,
                            RopeKeys.ofWindow(ropes, window),
                            window)
                        .with(scores))
            .toList(),
        keys.numberOrNone("final_logit_softcapping", 0));
  }
}
