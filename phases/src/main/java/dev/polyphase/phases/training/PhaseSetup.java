package dev.polyphase.phases.training;

import dev.polyphase.phases.api.FreeMemory;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.batches.Schedule;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.RowModel;
import dev.polyphase.phases.preparation.ModelParts;
import dev.polyphase.phases.preparation.RequestedParts;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.Optional;

/**
 * What a phase's request comes to on this machine, before any weight is loaded.
 *
 * @param phase the phase's settings
 * @param compute where and in which precision
 * @param model its parameters, and what of them is trained
 * @param counted what memory is reckoned for: the same, or where the phase moves to others on its
 *     way, the most of them
 * @param mastersOnHost whether the masters will be on the CPU, apart from the model
 * @param other the model of another folder that is the reference, of which nothing is trained
 */
record PhaseSetup(
    Phase phase,
    ComputeSettings compute,
    ModelParts model,
    Trainable counted,
    boolean mastersOnHost,
    Optional<PhaseSetup> other) {
  /**
   * Reads a model's configuration and looks at all its tensors.
   *
   * @param offloadsOnCpu whether masters may be apart from a model that is on the CPU itself
   * @throws InputException where they do not fit, what is to be trained is not among them, or the
   *     reference is a folder whose model does not go with this one
   */
  static PhaseSetup of(PhaseRequest request, boolean offloadsOnCpu) throws IOException {
    ComputeSettings compute = ComputeSettings.of(request.pipeline());
    ModelParts model = ModelParts.of(request);
    Trainable counted =
        request
            .start()
            .retargeting()
            .map(moves -> RequestedParts.parameters(moves.most(), request, model.layout()))
            .map(most -> model.trained().with(most, model.trained().rateFactors()))
            .orElse(model.trained());
    boolean offloads =
        request.phase().optimizer().offloaded() && (!compute.onCpu() || offloadsOnCpu);
    return new PhaseSetup(
        request.phase(),
        compute,
        model,
        counted,
        offloads,
        ReferenceFolder.of(request, compute, model.layout().config()));
  }

  /** A model that is only computed with. */
  static PhaseSetup untrained(
      Phase phase, ComputeSettings compute, ModelLayout layout, Checkpoint checkpoint) {
    return new PhaseSetup(
        phase,
        compute,
        ModelParts.untrained(layout, checkpoint),
        Trainable.nothing(),
        false,
        Optional.empty());
  }

  /** The model. */
  ModelConfig config() {
    return layout().config();
  }

  /** What rows must know of it, and of a reference that will compute them too. */
  RowModel ofRows() {
    RowModel own = RowModel.of(config());
    return other.map(reference -> own.and(reference.config())).orElse(own);
  }

  /** Its parameters. */
  ModelLayout layout() {
    return model.layout();
  }

  /** Their values. */
  Checkpoint checkpoint() {
    return model.checkpoint();
  }

  /** What of them is trained at first. */
  Trainable parts() {
    return model.trained();
  }

  /** The memory that the phase needs on some rows. */
  MemoryFormula memory(Schedule schedule, Objective objective) {
    return new MemoryFormula(
        this,
        counted,
        LargestBatch.in(schedule, objective, phase.batch().microBatchSize()),
        phase.batch().gradientAccumulationSteps() > 1);
  }

  /**
   * Where everything is, with blocks kept or computed again as asked, or as many kept as memory
   * allows.
   *
   * @param memory what is counted; the cut over several devices is that of what is trained at
   *     first, since the lowest blocks that could be chosen are no measure of how it is spread
   */
  PlacedPhase placed(MemoryFormula memory, FreeMemory freeMemory) throws IOException {
    return switch (phase.batch().gradientCheckpointing()) {
      case ON -> PlacedPhase.of(memory.of(parts()), Activations.RECOMPUTED, freeMemory);
      case OFF -> PlacedPhase.of(memory.of(parts()), Activations.KEPT, freeMemory);
      case AUTO -> PlacedPhase.asFree(memory.of(parts()), memory, freeMemory);
    };
  }
}
