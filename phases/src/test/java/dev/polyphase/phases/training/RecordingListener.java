package dev.polyphase.phases.training;

import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import java.util.ArrayList;
import java.util.List;

/** Keeps what it hears. */
public class RecordingListener implements PhaseListener {
  public final List<MetricsRow> rows = new ArrayList<>();
  public final List<String> notes = new ArrayList<>();

  @Override
  public void metrics(MetricsRow row) {
    rows.add(row);
  }

  @Override
  public void note(String sentence) {
    notes.add(sentence);
  }

  @Override
  public boolean stopRequested() {
    return false;
  }

  /** A figure of every row. */
  public double[] series(String name) {
    return rows.stream().mapToDouble(row -> row.values().get(name).doubleValue()).toArray();
  }
}
