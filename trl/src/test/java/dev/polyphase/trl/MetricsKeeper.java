package dev.polyphase.trl;

import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.training.RecordingListener;
import java.util.List;
import java.util.function.Consumer;

/**
 * Keeps the rows that stand, as a run's {@code metrics.jsonl} does, also from process to process.
 */
final class MetricsKeeper extends RecordingListener {
  private final Consumer<MetricsRow> onRow;
  private boolean stop;
  int resumed;

  /** Does something with each row that comes. */
  MetricsKeeper(Consumer<MetricsRow> onRow) {
    this.onRow = onRow;
  }

  void stop() {
    stop = true;
  }

  void goOn() {
    stop = false;
  }

  @Override
  public void resumed(long step, long count) {
    super.resumed(step, count);
    resumed++;
    rows.subList((int) count, rows.size()).clear();
  }

  @Override
  public long inCommon(List<MetricsRow> others) {
    int common = 0;
    while (common < Math.min(rows.size(), others.size())
        && rows.get(common).equals(others.get(common))) {
      common++;
    }
    return common;
  }

  @Override
  public void metrics(MetricsRow row) {
    super.metrics(row);
    onRow.accept(row);
  }

  @Override
  public boolean stopRequested() {
    return stop;
  }
}
