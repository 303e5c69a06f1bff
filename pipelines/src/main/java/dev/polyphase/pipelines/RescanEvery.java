package dev.polyphase.pipelines;

/** When a phase measures its weights anew and moves to those that are then the best. */
public sealed interface RescanEvery {

  /**
   * The optimiser steps from one rescan to the next.
   *
   * @param stepsPerEpoch those of one pass over the rows
   */
  long steps(long stepsPerEpoch);

  /** After each pass over the rows. */
  record Epoch() implements RescanEvery {
    @Override
    public long steps(long stepsPerEpoch) {
      return stepsPerEpoch;
    }
  }

  /**
   * After so many optimiser steps each.
   *
   * @param count at least 1
   */
  record Steps(long count) implements RescanEvery {
    @Override
    public long steps(long stepsPerEpoch) {
      return count;
    }
  }
}
