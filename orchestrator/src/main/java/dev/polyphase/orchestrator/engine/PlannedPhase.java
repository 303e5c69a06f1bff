package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.pipelines.Phase;
import java.util.List;

/**
 * A phase that passed every check.
 *
 * @param phase its settings
 * @param target what it will train
 * @param plan what the trainer says that it will do
 * @param shared which of its rows phases before it train on too, of those that are still to come
 */
public record PlannedPhase(
    Phase phase, ExpectedTarget target, PhasePlan plan, List<SharedRows> shared) {
  public PlannedPhase {
    shared = List.copyOf(shared);
  }

  /** One that shares no rows. */
  public PlannedPhase(Phase phase, ExpectedTarget target, PhasePlan plan) {
    this(phase, target, plan, List.of());
  }
}
