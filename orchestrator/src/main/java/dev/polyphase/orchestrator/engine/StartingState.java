package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.pipelines.Phase;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The state with which a run begins, or goes on. */
final class StartingState {
  private StartingState() {}

  /**
   * Of a run that begins: no phase has.
   *
   * @param version of Polyphase
   */
  static RunState of(RunRequest request, Clock clock, String version) {
    String now = clock.instant().toString();
    Settings settings = Settings.of(request.pipeline());
    List<PhaseState> phases = new ArrayList<>();
    for (int i = 0; i < request.pipeline().phases().size(); i++) {
      Phase phase = request.pipeline().phases().get(i);
      phases.add(
          new PhaseState(
              phase.name(),
              phase.type().name().toLowerCase(Locale.ROOT),
              String.valueOf(request.run().phase(i, phase.name()).path().getFileName()),
              PhaseState.Status.PENDING,
              settings.phases().get(i),
              Map.of(),
              null,
              null,
              null));
    }
    return new RunState(
        request.pipeline().name(),
        RunState.Status.RUNNING,
        null,
        version,
        now,
        now,
        settings.shared(),
        phases);
  }

  /** Of a run that goes on: what is done stays as it was. */
  static RunState of(RunRequest request, EarlierRun earlier, Clock clock, String version) {
    RunState planned = of(request, clock, version);
    return new RunState(
        planned.name(),
        RunState.Status.RUNNING,
        null,
        version,
        earlier.state().started(),
        planned.updated(),
        planned.settings(),
        earlier.phases(planned.phases()));
  }
}
