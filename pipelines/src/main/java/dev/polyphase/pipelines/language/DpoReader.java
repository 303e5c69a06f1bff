package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Defaults;
import dev.polyphase.pipelines.Dpo;

/** Reads {@code dpo}. */
final class DpoReader {
  private static final Wording REFERENCE = Wording.any("precomputed, shared or a model's folder");

  private DpoReader() {}

  static Dpo read(Block dpo) {
    return new Dpo(
        dpo.number("beta", Range.above0(Bounds.TEMPERATURE), Defaults.DPO.beta()),
        dpo.choice("loss_type", Dpo.LossType.class, Defaults.DPO.lossType()),
        dpo.number("label_smoothing", Range.BELOW_HALF, Defaults.DPO.labelSmoothing()),
        dpo.number("discopop_tau", Range.above0(Bounds.TEMPERATURE), Defaults.DPO.discopopTau()),
        reference(dpo.text("reference", REFERENCE, "precomputed")));
  }

  private static Dpo.Reference reference(String word) {
    return switch (word) {
      case "precomputed" -> new Dpo.Reference.Precomputed();
      case "shared" -> new Dpo.Reference.Shared();
      default -> new Dpo.Reference.Checkpoint(word);
    };
  }
}
