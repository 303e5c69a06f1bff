package dev.polyphase.phases.api;

import java.util.List;

/** Hears of a phase while it trains. Calls come from the training thread, in order. */
public interface PhaseListener {

  /**
   * Training goes on where an earlier attempt at this phase was interrupted. Not called where the
   * phase begins at its beginning; called again where an engine that was lost goes on from a
   * checkpoint while the phase is being trained.
   *
   * @param step the optimiser steps taken
   * @param rows how many of the metrics rows of earlier attempts stand; those after them are
   *     dropped
   */
  default void resumed(long step, long rows) {}

  /**
   * How many of the first rows of a phase's metrics an earlier attempt has handed on already: those
   * that are equal, one by one.
   */
  default long inCommon(List<MetricsRow> rows) {
    return 0;
  }

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
