package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.DecisionFolder;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.rescanner.ScanListener;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
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
  private final Progress progress;
  private final Consumer<String> notes;
  private DecisionFolder latest;

  /**
   * The decisions of a phase that has made its first.
   *
   * @param seed of the pipeline
   * @param folder the phase's, where the first decision lies
   * @param notes what a user should remember
   */
  Rescanning(
      Phase phase,
      long seed,
      PhaseFolder folder,
      SingularValues singularValues,
      StopSignal stop,
      Progress progress,
      Consumer<String> notes) {
    this.phase = phase;
    this.seed = seed;
    this.folder = folder;
    this.singularValues = singularValues;
    this.stop = stop;
    this.progress = progress;
    this.notes = notes;
    this.latest = folder.decision();
  }

  @Override
  public Retargeting.Target of(Checkpoint weights, long step) throws IOException {
    progress.rescanning(step);
    DecisionFolder now = folder.rescan(step);
    Files.createDirectories(now.path());
    ScanListener scanning =
        (module, done, total) -> {
          if (stop.requested()) {
            throw new InterruptedTrainingException(step);
          }
          progress.rescanned(done, total);
        };
    Target.Decision decision = Target.decide(phase, seed, weights, now, singularValues, scanning);
    decision.sentences().forEach(progress::note);
    notes.accept(MovedModules.between(latest, now).sentence(step));
    latest = now;
    return new Retargeting.Target(decision.tensors(), decision.rateFactors());
  }
}
