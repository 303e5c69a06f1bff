package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.store.DecisionFolder;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.rescanner.ScanListener;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The decisions of a phase on its way, made as the one at its beginning was. Each leaves its files
 * in a folder of its own.
 */
final class Rescanning implements Retargeting.Decision {
  private final Phase phase;
  private final long seed;
  private final PhaseFolder folder;
  private final SingularValues singularValues;
  private final StopSignal stop;
  private final RunEvents events;
  private final Consumer<String> notes;
  private final SideFiles files;
  private Optional<Set<String>> latest = Optional.empty();

  /**
   * The decisions of a phase that has made its first.
   *
   * @param seed of the pipeline
   * @param folder the phase's, where the first decision lies
   * @param notes what a user should remember
   * @param files where what a decision leaves is written, or waits: training does not depend on it
   */
  Rescanning(
      Phase phase,
      long seed,
      PhaseFolder folder,
      SingularValues singularValues,
      StopSignal stop,
      RunEvents events,
      Consumer<String> notes,
      SideFiles files) {
    this.phase = phase;
    this.seed = seed;
    this.folder = folder;
    this.singularValues = singularValues;
    this.stop = stop;
    this.events = events;
    this.notes = notes;
    this.files = files;
  }

  @Override
  public Retargeting.Target of(Checkpoint weights, long step) throws IOException {
    ScanListener scanning =
        ToldScan.begin(
            events,
            phase,
            weights,
            step,
            () -> {
              if (stop.requested()) {
                throw new InterruptedTrainingException(step);
              }
            });
    Target.Decision decision = Target.decide(phase, seed, weights, singularValues, scanning);
    decision.sentences().forEach(events::note);
    Set<String> before = latest.isPresent() ? latest.get() : decidedBefore(step);
    Set<String> now = decision.files().modules();
    notes.accept(MovedModules.between(before, now).sentence(step));
    latest = Optional.of(now);
    DecisionFolder place = folder.rescan(step);
    files.write(
        "the rescan after step %d of phase %s".formatted(step, phase.name()),
        "",
        () -> decision.files().write(place));
    return new Retargeting.Target(decision.tensors(), decision.rateFactors());
  }

  /** What an earlier attempt, or the phase's beginning, left to compare with. */
  private Set<String> decidedBefore(long step) throws IOException {
    DecisionFolder latestThere = folder.decision();
    for (DecisionFolder earlier : folder.rescansDone().headMap(step).values()) {
      latestThere = earlier;
    }
    return ChosenModules.selected(latestThere);
  }
}
