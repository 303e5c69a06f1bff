package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.RescanEvery;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a user is told of a phase that is to be measured anew and ends before it would be. */
final class MissedRescans {
  private MissedRescans() {}

  /** The sentence; empty where the phase has rescans, or wants none. */
  static Optional<String> sentence(PlannedPhase planned) {
    Phase phase = planned.phase();
    PhasePlan plan = planned.plan();
    if (phase.trained().rescanEvery().isEmpty() || plan.rescans() > 0) {
      return Optional.empty();
    }
    RescanEvery every = phase.trained().rescanEvery().get();
    boolean steps = every instanceof RescanEvery.Steps;
    return Optional.of(
        "phase %s has no rescan: rescan_every is %s, and the phase ends %s; %s"
            .formatted(
                phase.name(),
                every instanceof RescanEvery.Steps count ? Numbers.whole(count.count()) : "epoch",
                steps
                    ? "after " + counted(plan.steps())
                    : "with its first pass over the rows, after " + counted(plan.steps()),
                remedy(phase, plan, steps)));
  }

  private static String remedy(Phase phase, PhasePlan plan, boolean steps) {
    if (steps && plan.steps() > 1) {
      return "set it below " + Numbers.whole(plan.steps());
    }
    List<String> limits = new ArrayList<>();
    phase
        .length()
        .numEpochs()
        .ifPresent(n -> limits.add("num_epochs, which is " + Numbers.decimal(n)));
    phase.length().maxSteps().ifPresent(n -> limits.add("max_steps, which is " + Numbers.whole(n)));
    phase
        .length()
        .maxTokens()
        .ifPresent(n -> limits.add("max_tokens, which is " + Numbers.whole(n)));
    return "raise " + String.join(", or ", limits) + ", or leave rescan_every out";
  }

  private static String counted(long steps) {
    return Numbers.whole(steps) + (steps == 1 ? " step" : " steps");
  }
}
