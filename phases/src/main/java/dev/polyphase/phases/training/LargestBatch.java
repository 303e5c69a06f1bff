package dev.polyphase.phases.training;

import dev.polyphase.phases.batches.Schedule;
import dev.polyphase.phases.batches.Step;
import dev.polyphase.phases.objective.BatchSize;
import dev.polyphase.phases.objective.Objective;

/** The forward pass of a phase that needs most memory. */
final class LargestBatch {
  /** Rows that are looked at: a schedule may be of a billion steps, and most repeat each other. */
  private static final long MOST_ROWS = 10_000_000;

  private LargestBatch() {}

  /**
   * The largest of a schedule's forward passes, of its first ten million rows.
   *
   * @param microBatchSize rows of a full one
   */
  static BatchSize in(Schedule schedule, Objective objective, int microBatchSize) {
    // The longest row in a full batch: most schedules hold it early, and then no more is looked at.
    int rows = objective.tokensOfRow().length;
    long most = 0;
    for (int row = 0; row < rows; row++) {
      most = Math.max(most, objective.batchSize(new int[] {row}).padded());
    }
    most *= Math.min(microBatchSize, rows);

    BatchSize largest = new BatchSize(0, 0);
    long lookedAt = 0;
    for (Step step : schedule) {
      for (int[] microBatch : step.microBatches()) {
        lookedAt += microBatch.length;
        BatchSize size = objective.batchSize(microBatch);
        if (size.padded() > largest.padded()) {
          largest = size;
        }
      }
      if (largest.padded() == most || lookedAt >= MOST_ROWS) {
        break;
      }
    }
    return largest;
  }
}
