package dev.polyphase.phases.objective;

import dev.polyphase.data.DataCounts;

/** The rows of a phase's datasets, to be optimised over all together or in parts. */
public interface ReadRows {

  /** How many rows of files they are; what a row was split into belongs together. */
  int count();

  /** What became of all rows that were read, also of those that were left out. */
  DataCounts counts();

  /**
   * The objective on some of them.
   *
   * @param chosen their numbers, ascending
   */
  Objective objective(int[] chosen);
}
