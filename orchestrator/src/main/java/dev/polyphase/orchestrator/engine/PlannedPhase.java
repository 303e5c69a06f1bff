package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.pipelines.Phase;

/**
 * A phase that passed every check.
 *
 * @param phase its settings
 * @param target what it will train
 * @param plan what the trainer says that it will do
 */
public record PlannedPhase(Phase phase, ExpectedTarget target, PhasePlan plan) {}
