package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.ProcessShare;
import dev.polyphase.pipelines.GradientCheckpointing;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.pipelines.SelectionRule.Budget;
import dev.polyphase.pipelines.Targeting;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The settings that make a phase need less memory. */
public final class Remedies {
  private Remedies() {}

  /**
   * As {@code micro_batch_size below 4}, those that most likely suffice first.
   *
   * @param plan what the phase needs with the settings that it has, and on what
   * @param host what is available of the CPU's memory
   */
  public static List<String> of(Phase phase, PhasePlan plan, long host) {
    if (plan.share() != null) {
      return ofProcesses(phase, plan.share());
    }
    List<String> remedies = new ArrayList<>();
    @Nullable MemoryEstimate need = plan.memory();
    if (need == null
        ? phase.batch().gradientCheckpointing() != GradientCheckpointing.ON
        : need.recomputedBlocks() < need.differentiatedBlocks()) {
      remedies.add("gradient_checkpointing: true");
    }
    if (need != null && mayOffload(phase.optimizer(), plan.compute(), need, host)) {
      remedies.add("optimizer_offload: true");
    }
    if (phase.batch().microBatchSize() > 1) {
      remedies.add(
          "micro_batch_size below %d, with more gradient_accumulation_steps"
              .formatted(phase.batch().microBatchSize()));
    }
    if (need != null && need.referenceBytes() > 0 && sharesReference(phase)) {
      remedies.add(phase.type().name().toLowerCase(Locale.ROOT) + ".reference: precomputed");
    }
    remedies.addAll(trainingLess(phase));
    remedies.add("sequence_len below " + phase.batch().sequenceLen());
    return remedies;
  }

  /** Of a model that is dealt out to processes. */
  private static List<String> ofProcesses(Phase phase, ProcessShare share) {
    List<String> remedies = new ArrayList<>();
    if (phase.batch().gradientCheckpointing() == GradientCheckpointing.OFF) {
      remedies.add("gradient_checkpointing: true");
    }
    if (phase.batch().microBatchSize() > 1) {
      remedies.add(
          "micro_batch_size below %d, with more gradient_accumulation_steps"
              .formatted(phase.batch().microBatchSize()));
    }
    remedies.add(
        "more than %d %s by engine.processes_per_node or engine.nodes, each with a GPU of its own"
            .formatted(share.processes(), share.processes() == 1 ? "process" : "processes"));
    remedies.addAll(trainingLess(phase));
    remedies.add("sequence_len below " + phase.batch().sequenceLen());
    return remedies;
  }

  /**
   * Likewise, of the CPU's memory beside a GPU.
   *
   * @param device what is available of the GPU's
   */
  public static List<String> beside(Phase phase, PhasePlan plan, long device) {
    List<String> remedies = new ArrayList<>();
    @Nullable MemoryEstimate need = plan.memory();
    if (need != null && withoutOffload(need) <= device) {
      remedies.add("optimizer_offload: false");
    }
    remedies.addAll(trainingLess(phase));
    return remedies;
  }

  /** Those that help wherever masters and states are. */
  static List<String> trainingLess(Phase phase) {
    if (!(phase.trained().targeting() instanceof Targeting.Snr snr)) {
      return List.of("targeting.method: snr with a top_percent");
    }
    String smaller = smaller(snr.rule().budget());
    return snr.alwaysTrain().isEmpty()
        ? List.of(smaller)
        : List.of("targeting.always_train: []", smaller);
  }

  private static boolean sharesReference(Phase phase) {
    return phase.reference().filter(Reference.Shared.class::isInstance).isPresent();
  }

  private static boolean mayOffload(
      Optimizer optimizer, Compute compute, MemoryEstimate need, long host) {
    return !"cpu".equals(compute.device())
        && !optimizer.offloaded()
        && optimizer.name() != Optimizer.Name.MUON
        && need.masterBytes() + need.optimizerBytes() <= host;
  }

  /** What the device would need if masters and states were there. */
  private static long withoutOffload(MemoryEstimate need) {
    long copies = need.offload() == null ? 0 : need.offload().copyBytes();
    return need.unmappedBytes() - copies + need.masterBytes() + need.optimizerBytes();
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
