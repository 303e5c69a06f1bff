package dev.polyphase.phases.training;

import dev.polyphase.phases.api.FreeMemory;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Placement;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.preparation.ReferenceModel;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.util.Optional;

/** The model that a phase names as its reference by a folder. */
final class ReferenceFolder {
  private ReferenceFolder() {}

  /**
   * What such a model comes to; empty where the reference is the phase's own model, or there is
   * none.
   *
   * @param own the phase's own model
   * @throws InputException where it can't be read, or its vocabulary is another
   */
  static Optional<PhaseSetup> of(PhaseRequest request, ComputeSettings compute, ModelConfig own)
      throws IOException {
    return ReferenceModel.of(request, own)
        .map(
            other ->
                PhaseSetup.untrained(request.phase(), compute, other.layout(), other.checkpoint()));
  }

  /**
   * Loads it, cut over the devices by what they have free now.
   *
   * @param memory what it needs for its passes
   */
  static Transformer load(MemoryFormula memory, FreeMemory freeMemory) throws IOException {
    Placement placement = PlacedPhase.of(memory, Activations.RECOMPUTED, freeMemory).placement();
    PhaseSetup setup = memory.setup();
    return Transformer.load(setup.checkpoint(), setup.config(), setup.parts(), placement);
  }
}
