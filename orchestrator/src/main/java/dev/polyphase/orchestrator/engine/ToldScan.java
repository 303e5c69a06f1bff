package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.events.RunEvent.ScanStarted;
import dev.polyphase.orchestrator.events.RunEvent.Scanned;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.rescanner.ModuleSpectrum;
import dev.polyphase.rescanner.ScanListener;
import dev.polyphase.rescanner.ScanTargets;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;

/** A scan of a run, which tells how far it is and stops when the run is asked to. */
final class ToldScan implements ScanListener {
  private final RunEvents events;
  private final long step;
  private final Runnable stopIfAsked;
  private final ScanWork work;

  private ToldScan(RunEvents events, long step, Runnable stopIfAsked, ScanWork work) {
    this.events = events;
    this.step = step;
    this.stopIfAsked = stopIfAsked;
    this.work = work;
  }

  /**
   * The scan that decides what a phase trains, if that needs one; it begins now.
   *
   * @param step the step after which the phase is scanned; 0 before it trains
   * @param stopIfAsked is asked after each module, and throws where the run is to stop
   */
  static ScanListener begin(
      RunEvents events, Phase phase, Checkpoint weights, long step, Runnable stopIfAsked)
      throws IOException {
    if (!(phase.trained().targeting() instanceof Targeting.Snr snr)) {
      return (module, done, total) -> {};
    }
    ScanTargets targets = Target.ranked(snr, weights);
    events.tell(new ScanStarted(step, targets.targets().size()));
    return new ToldScan(events, step, stopIfAsked, new ScanWork(targets));
  }

  @Override
  public void measured(ModuleSpectrum module, int done, int total) {
    stopIfAsked.run();
    work.measured(module.target());
    events.tell(new Scanned(step, done, total, work.done(), work.total()));
  }
}
