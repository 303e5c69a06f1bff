package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Defaults;
import dev.polyphase.pipelines.Optimizer;

/** Reads {@code optimizer} and its constants. */
final class OptimizerReader {

  /** The names that Hugging Face and Axolotl use: several may mean the same arithmetic. */
  private enum Spelling {
    ADAMW(Optimizer.Name.ADAMW),
    ADAMW_TORCH(Optimizer.Name.ADAMW),
    ADAMW_TORCH_FUSED(Optimizer.Name.ADAMW),
    ADAMW_BF16(Optimizer.Name.ADAMW_BF16),
    ADAMW_8BIT(Optimizer.Name.ADAMW_8BIT),
    ADAMW_BNB_8BIT(Optimizer.Name.ADAMW_8BIT),
    ADAFACTOR(Optimizer.Name.ADAFACTOR),
    LION(Optimizer.Name.LION),
    LION_32BIT(Optimizer.Name.LION),
    MUON(Optimizer.Name.MUON);

    private final Optimizer.Name meaning;

    Spelling(Optimizer.Name meaning) {
      this.meaning = meaning;
    }
  }

  private OptimizerReader() {}

  /** Without an epsilon a value that never had a gradient would be divided by its 0. */
  static Optimizer read(Block phase) {
    Optimizer.Name name = phase.choice("optimizer", Spelling.class, Spelling.ADAMW).meaning;
    double beta2 = name == Optimizer.Name.LION ? Defaults.LION_BETA2 : Defaults.OPTIMIZER.beta2();
    boolean offloaded = phase.flag("optimizer_offload", Defaults.OPTIMIZER.offloaded());
    boolean muon = name == Optimizer.Name.MUON;
    if (offloaded && muon && phase.owns("optimizer_offload")) {
      phase.refuse(
          "optimizer_offload",
          "makes the updates on the CPU, where those of muon would take minutes a step; take another optimizer, or leave it out");
    }
    return new Optimizer(
        name,
        phase.number("adam_beta1", Range.BELOW_ONE, Defaults.OPTIMIZER.beta1()),
        phase.number("adam_beta2", Range.BELOW_ONE, beta2),
        phase.number(
            "adam_epsilon",
            Range.from(Bounds.LEAST_EPSILON, Bounds.EPSILON),
            Defaults.OPTIMIZER.epsilon()),
        phase.number(
            "weight_decay", Range.from0(Bounds.WEIGHT_DECAY), Defaults.OPTIMIZER.weightDecay()),
        offloaded && !muon,
        phase.number("max_grad_norm", Range.from0(Bounds.NORM), Defaults.OPTIMIZER.maxGradNorm()));
  }
}
