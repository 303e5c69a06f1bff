package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.DeviceNeed;
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
 * @param warnings what is to be said of the model that it starts from, a sentence each
 */
public record PlannedPhase(
    Phase phase,
    ExpectedTarget target,
    PhasePlan plan,
    List<SharedRows> shared,
    List<String> warnings) {

  public PlannedPhase {
    shared = List.copyOf(shared);
    warnings = List.copyOf(warnings);
  }

  /** One that shares no rows, from a model of which nothing is to be said. */
  public PlannedPhase(Phase phase, ExpectedTarget target, PhasePlan plan) {
    this(phase, target, plan, List.of(), List.of());
  }

  /**
   * The devices of this process that phases are trained on, which are the same for all that are
   * trained here; none where they are all trained elsewhere, or nobody knows.
   */
  public static List<DeviceNeed> devicesOf(List<PlannedPhase> phases) {
    return phases.stream()
        .map(planned -> planned.plan().deviceNeeds())
        .filter(needs -> !needs.isEmpty())
        .findFirst()
        .orElse(List.of());
  }

  /** What phases are computed with, in a sentence; where they differ, one for each. */
  public static List<String> computeOf(List<PlannedPhase> phases) {
    List<String> sentences =
        phases.stream().map(planned -> planned.plan().compute().sentence()).toList();
    return sentences.stream().distinct().count() == 1
        ? sentences.subList(0, 1)
        : phases.stream()
            .map(
                planned ->
                    "%s: %s".formatted(planned.phase().name(), planned.plan().compute().sentence()))
            .toList();
  }

  /** The same with warnings of its model. */
  PlannedPhase with(List<String> ofModel) {
    return new PlannedPhase(phase, target, plan, shared, ofModel);
  }
}
