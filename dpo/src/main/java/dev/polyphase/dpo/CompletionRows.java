package dev.polyphase.dpo;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.RowHash;
import dev.polyphase.phases.objective.ReadRows;
import dev.polyphase.prepared.FittedRows;
import dev.polyphase.prepared.PreparedRows;
import java.io.IOException;
import java.util.Map;

/**
 * What rows of prompts with completions have in common once they are read.
 *
 * @param <T> what a row is
 */
abstract class CompletionRows<T> implements ReadRows {
  private final PreparedRows<T> prepared;
  private final FittedRows<T, ?> rows;

  /**
   * Rows that were read.
   *
   * @param prepared all of them, those that are wrong counted
   * @param rows those that fit into the phase's sequences
   */
  CompletionRows(PreparedRows<T> prepared, FittedRows<T, ?> rows) {
    this.prepared = prepared;
    this.rows = rows;
  }

  /** What a row is. */
  final T content(int row) {
    return rows.rows().get(row);
  }

  @Override
  public final int count() {
    return rows.rows().size();
  }

  @Override
  public final DataCounts counts() {
    return rows.counts();
  }

  @Override
  public final Map<String, DataCounts> countsByDataset() {
    return DataCounts.byName(rows.names(), rows.countsByDataset());
  }

  @Override
  public final String datasetOf(int row) {
    return rows.names().get(rows.datasetOf(row));
  }

  @Override
  public final void rejected(PreparedRows.RejectedHandler handler) throws IOException {
    prepared.rejected(handler);
  }

  @Override
  public final long hashOf(int row) {
    return rows.isPart(row) ? RowHash.of(contentOf(row)) : rows.hashOf(row);
  }
}
