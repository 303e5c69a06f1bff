package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import java.util.ArrayList;
import java.util.List;

/** What a user is told of a phase that can't do, or has not done, what it was meant to. */
public final class PhaseWarnings {
  private PhaseWarnings() {}

  /**
   * The warnings before it begins, a sentence each that names the phase.
   *
   * @param device what the machine has of the devices that the phase runs on
   */
  public static List<String> of(PlannedPhase planned, DeviceMemory device) {
    PhasePlan plan = planned.plan();
    List<String> warnings = new ArrayList<>();
    device.warning(planned).ifPresent(warnings::add);
    warnings.addAll(planned.warnings());
    warnings.addAll(ofRows(planned.phase(), plan));
    RowWarnings.tooLong(planned.phase(), plan.beyond()).ifPresent(warnings::add);
    planned.shared().forEach(shared -> warnings.addAll(shared.sentences(planned.phase().name())));
    RateWarnings.before(planned).ifPresent(warnings::add);
    MissedRescans.sentence(planned).ifPresent(warnings::add);
    return warnings;
  }

  /** What of these is of its rows. */
  public static List<String> ofRows(Phase phase, PhasePlan plan) {
    List<String> warnings = new ArrayList<>(RowWarnings.of(phase, plan.data(), plan.heldOut()));
    warnings.addAll(RowWarnings.oneSided(phase, plan.datasets()));
    plan.badRows().forEach(bad -> warnings.add("phase %s: %s".formatted(phase.name(), bad)));
    return warnings;
  }

  /**
   * What is to be said of a phase that is done, from what it did.
   *
   * @param pipeline its
   */
  static List<String> of(Phase phase, PhaseResult result, Pipeline pipeline) {
    List<String> warnings = new ArrayList<>(RowWarnings.of(phase, result.data(), result.heldOut()));
    warnings.addAll(RowWarnings.oneSided(phase, result.datasets()));
    RateWarnings.after(phase.name(), result, pipeline).ifPresent(warnings::add);
    return warnings;
  }
}
