package dev.polyphase.orchestrator.events;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.SavedCheckpoint;
import org.jspecify.annotations.Nullable;

/** Something that happened to a run. What is of a phase is of the one named last. */
public sealed interface RunEvent {

  /** The run begins, or goes on, in a folder that is its own now. */
  record RunStarted(boolean resumed, int phases) implements RunEvent {}

  /** A phase is checked, and its rows are read: what follows is about it. */
  record PhaseChecking(int index, int count, String phase) implements RunEvent {}

  /** A phase begins or goes on: what follows is about it. */
  record PhaseStarted(int index, int count, String phase, String type) implements RunEvent {}

  /** Rows of data are read. */
  record Reading(ReadingListener.Progress progress) implements RunEvent {}

  /** A scan begins, which may take minutes; {@code step} is 0 before the phase trains. */
  record ScanStarted(long step, int modules) implements RunEvent {}

  /**
   * A scan has measured so many of its modules.
   *
   * @param step the step after which the phase is scanned; 0 before it trains
   * @param work what was measured, in elements times the shorter side
   */
  record Scanned(long step, int done, int total, long work, long totalWork) implements RunEvent {}

  /** What the phase trains is decided. */
  record Selected(int tensors) implements RunEvent {}

  /**
   * Training goes on from the checkpoint of a step.
   *
   * @param tokens those that it had been trained on by then
   */
  record PhaseResumed(long step, long tokens) implements RunEvent {}

  /** A step was logged, or held-out rows evaluated, of which rows have no {@code loss}. */
  record Measured(MetricsRow row) implements RunEvent {
    /** Whether it is of a step, and not of held-out rows. */
    public boolean isStep() {
      return row.values().containsKey("loss");
    }
  }

  /** A sentence about the phase that the user should see. */
  record Noted(Level level, String sentence) implements RunEvent {}

  /** A sentence about the run as a whole that the user should see. */
  record Said(Level level, String sentence) implements RunEvent {}

  /** A checkpoint is complete. */
  record Saved(SavedCheckpoint checkpoint) implements RunEvent {}

  /** A phase is done. */
  record PhaseFinished(PhaseResult result) implements RunEvent {}

  /**
   * The run ended, however it did: the last of its events.
   *
   * @param message where and how it was interrupted, or why it failed; null where it finished
   */
  record RunEnded(RunState.Status status, @Nullable String message) implements RunEvent {}
}
