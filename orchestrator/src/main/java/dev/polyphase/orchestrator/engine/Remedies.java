package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.SelectionRule.Budget;
import dev.polyphase.pipelines.Targeting;
import java.util.ArrayList;
import java.util.List;

/** The settings that make a phase need less memory. */
public final class Remedies {
  private Remedies() {}

  /**
   * As {@code micro_batch_size below 4}, those that most likely suffice first.
   *
   * @param plan what the phase needs with the settings that it has, and on what
   */
  public static List<String> of(Phase phase, PhasePlan plan) {
    List<String> remedies = new ArrayList<>();
    if (!plan.memory().recomputed()) {
      remedies.add("gradient_checkpointing: true");
    }
    if (mayOffload(phase.optimizer(), plan)) {
      remedies.add("optimizer_offload: true");
    }
    if (phase.microBatchSize() > 1) {
      remedies.add(
          "micro_batch_size below %d, with more gradient_accumulation_steps"
              .formatted(phase.microBatchSize()));
    }
    if (phase.targeting() instanceof Targeting.Snr snr) {
      if (!snr.alwaysTrain().isEmpty()) {
        remedies.add("targeting.always_train: []");
      }
      remedies.add(smaller(snr.rule().budget()));
    } else {
      remedies.add("targeting.method: snr with a top_percent");
    }
    remedies.add("sequence_len below " + phase.sequenceLen());
    return remedies;
  }

  private static boolean mayOffload(Optimizer optimizer, PhasePlan plan) {
    return !plan.compute().device().equals("cpu")
        && !optimizer.offloaded()
        && optimizer.name() != Optimizer.Name.MUON;
  }

  private static String smaller(Budget budget) {
    if (budget instanceof Budget.Percent share) {
      return "targeting.top_percent below " + Numbers.decimal(share.percent());
    }
    return budget instanceof Budget.MaxParameters most
        ? "targeting.max_trainable_parameters below " + most.parameters()
        : "targeting.max_trainable_parameters in place of "
            + (budget instanceof Budget.Adaptive ? "top_percent: adaptive" : "mode: all");
  }
}
