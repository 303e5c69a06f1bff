package dev.polyphase.phases.families;

import dev.polyphase.phases.families.DecoderKeys.Defaults;
import dev.polyphase.phases.families.DecoderKeys.Sizes;
import dev.polyphase.phases.model.Attention;
import dev.polyphase.phases.model.DecoderBlock.Norms;
import dev.polyphase.phases.model.EndRules;
import dev.polyphase.phases.model.Mlp;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.RmsNorm;
import java.util.List;
import java.util.Set;

/** What Gemma 2 and 3 have in common. */
final class Gemma {
  private Gemma() {}

  /** What both have where keys are not there, but for the words of the vocabulary. */
  static Defaults defaults(int vocabulary) {
    return new Defaults(
        256,
        1e-6,
        0,
        true,
        "hidden_activation",
        "gelu_pytorch_tanh",
        new Sizes(2304, 9216, 26, 8, 4, vocabulary));
  }

  /** What scores are multiplied by. */
  static double scale(ConfigKeys keys) {
    return 1 / Math.sqrt(keys.number("query_pre_attn_scalar", 256));
  }

  /**
   * The model: norms of {@code 1 + weight} before and behind both parts, embeddings times the root
   * of their width.
   *
   * @param attentions of the layers
   * @param logitCap 0 for none
   */
  static ModelConfig model(DecoderKeys decoder, List<Attention> attentions, double logitCap) {
    // transformers looks at hidden_activation alone; older configurations have both.
    decoder.keys().harmless(Set.of("hidden_act"));
    RmsNorm norm = decoder.norm(RmsNorm.Form.ONE_PLUS_WEIGHT);
    Mlp mlp = decoder.mlp(false);
    return decoder.model(
        norm,
        attentions.stream()
            .map(attention -> decoder.block(norm, Norms.AROUND, attention, mlp))
            .toList(),
        new EndRules(-1, Math.sqrt((double) decoder.hiddenSize()), true, 1, logitCap));
  }
}
