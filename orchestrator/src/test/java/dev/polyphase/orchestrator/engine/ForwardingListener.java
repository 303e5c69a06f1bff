package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.SavedCheckpoint;
import java.util.List;

/** Tells another listener all that it hears. */
class ForwardingListener implements PhaseListener {
  private final PhaseListener other;

  ForwardingListener(PhaseListener other) {
    this.other = other;
  }

  @Override
  public void resumed(long step, long rows) {
    other.resumed(step, rows);
  }

  @Override
  public long inCommon(List<MetricsRow> rows) {
    return other.inCommon(rows);
  }

  @Override
  public void metrics(MetricsRow row) {
    other.metrics(row);
  }

  @Override
  public void note(String sentence) {
    other.note(sentence);
  }

  @Override
  public boolean stopRequested() {
    return other.stopRequested();
  }

  @Override
  public boolean saveRequested() {
    return other.saveRequested();
  }

  @Override
  public void saved(SavedCheckpoint checkpoint) {
    other.saved(checkpoint);
  }

  @Override
  public void finishing(PhaseResult result) {
    other.finishing(result);
  }
}
