package dev.polyphase.phases.api;

/** Hears of a phase while it trains. Calls come from the training thread, in order. */
public interface PhaseListener {

  /**
   * Training goes on where an earlier attempt at this phase was interrupted. Called before any
   * metrics row, and not where the phase begins at its beginning.
   *
   * @param step the optimiser steps taken
   * @param rows how many of the metrics rows of earlier attempts stand; those after them are
   *     dropped
   */
  default void resumed(long step, long rows) {}

  /** A row for {@code metrics.jsonl}: a logged training step or a held-out evaluation. */
  void metrics(MetricsRow row);

  /** A sentence that the user should see, as the number of rows that were cut. */
  void note(String sentence);

  /** Whether training should stop at the next step; asked once a step. */
  boolean stopRequested();

  /** Whether someone asked for a checkpoint since this was called last; called once a step. */
  default boolean saveRequested() {
    return false;
  }

  /** A checkpoint is complete. */
  default void saved(SavedCheckpoint checkpoint) {}

  /**
   * The phase's figures are final, and {@link PhaseRequest#result()} is about to appear whole, by
   * one rename. Whoever finds it there later takes what was said here for the result.
   */
  default void finishing(PhaseResult result) {}
}
