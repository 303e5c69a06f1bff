package dev.polyphase.phases.objective;

import dev.polyphase.data.DataCounts;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.prepared.PreparedRows;
import java.io.IOException;
import java.util.List;
import java.util.Map;

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

  /** What became of the rows of each dataset, by what metrics call it. */
  Map<String, DataCounts> countsByDataset();

  /** What metrics call the dataset of a row. */
  String datasetOf(int row);

  /** Goes through the rows that are wrong, in their order. */
  void rejected(PreparedRows.RejectedHandler handler) throws IOException;

  /** What is trained on of a row: one, or all pieces of a row that was split. */
  List<ShownRow> shown(int row);

  /**
   * The objective on some of them.
   *
   * @param chosen their numbers, ascending
   * @param mixture how often each is in an epoch
   */
  Objective objective(int[] chosen, Mixture mixture);
}
