package dev.polyphase.orchestrator.engine;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.SavedCheckpoint;
import java.io.File;
import java.util.Locale;
import java.util.Optional;

/** Events in words, without the phase that they are about. */
public final class EventText {
  private EventText() {}

  /** What is to be said of an event; of some nothing is. */
  public static Optional<String> of(StampedEvent happened) {
    RunEvent event = happened.event();
    if (event instanceof RunEvent.Said said) {
      return Optional.of(said.sentence());
    }
    if (event instanceof RunEvent.Noted noted) {
      return Optional.of(noted.sentence());
    }
    if (event instanceof RunEvent.Reading reads) {
      return Optional.of(of(reads.progress()));
    }
    if (event instanceof RunEvent.ScanStarted scan && scan.step() > 0) {
      return Optional.of("rescanning after step " + Numbers.whole(scan.step()));
    }
    if (event instanceof RunEvent.Scanned scanned) {
      return Optional.of("scanned " + scanned.done() + "/" + scanned.total() + " modules");
    }
    if (event instanceof RunEvent.Selected selected) {
      return Optional.of("trains " + selected.tensors() + " tensors");
    }
    if (event instanceof RunEvent.Measured measured) {
      return Optional.of(StepLine.full(measured.row(), happened.secondsLeft()));
    }
    if (event instanceof RunEvent.Saved saved) {
      return Optional.of(of(saved.checkpoint()));
    }
    if (event instanceof RunEvent.PhaseFinished finished) {
      return Optional.of(of(finished.result()));
    }
    return event instanceof RunEvent.RunEnded ended
        ? Optional.ofNullable(ended.message())
        : Optional.empty();
  }

  /** How far the reading of a file is. */
  static String of(ReadingListener.Progress progress) {
    String file = progress.file();
    return "reading %s, %s rows%s"
        .formatted(
            file.substring(file.lastIndexOf(File.separatorChar) + 1),
            Numbers.whole(progress.rows()),
            progress.share().isPresent() ? percent(progress.share().getAsDouble()) : "");
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, " (%.0f %%)", 100 * Math.min(1, share));
  }

  private static String of(SavedCheckpoint checkpoint) {
    return String.format(
        Locale.ROOT,
        "saved the state after step %,d, %s, for which training stood still for %.1f s",
        checkpoint.step(),
        Numbers.bytes(checkpoint.bytes()),
        checkpoint.stoodStillSeconds());
  }

  private static String of(PhaseResult result) {
    double share = 100.0 * result.changedValues() / Math.max(1, result.savedValues());
    String values =
        result.savedValues() == result.trainedValues()
            ? "trained values"
            : "values that adapters were merged into";
    return String.format(
        Locale.ROOT,
        "%,d steps in %.1f s, %,d of %,d %s changed as they are saved (%.1f %%)",
        result.steps(),
        result.seconds(),
        result.changedValues(),
        result.savedValues(),
        values,
        share);
  }
}
