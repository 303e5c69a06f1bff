package dev.polyphase.phases.objective;

import dev.polyphase.data.DataCounts;
import dev.polyphase.phases.batches.Mixture;
import java.util.List;

/** The rows of a phase's datasets, to be optimised over all together or in parts. */
public interface ReadRows {

  /** How many rows of files they are; what a row was split into belongs together. */
  int count();

  /** What became of all rows that were read, also of those that were left out. */
  DataCounts counts();

  /** 64 bits of all that a row is trained on. */
  long hashOf(int row);

  /** All that a row is trained on: rows are equal where these are, one by one. */
  List<int[]> contentOf(int row);

  /**
   * The objective on some of them.
   *
   * @param chosen their numbers, ascending
   * @param mixture how often each is in an epoch
   */
  Objective objective(int[] chosen, Mixture mixture);
}
