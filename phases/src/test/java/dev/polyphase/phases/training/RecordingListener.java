package dev.polyphase.phases.training;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Keeps what it hears. */
public class RecordingListener implements PhaseListener, ReadingListener {
  public final List<MetricsRow> rows = new ArrayList<>();
  public final List<String> notes = new ArrayList<>();

  /** The last file with the rows so far. */
  public String lastRead = "";

  @Override
  public void reading(Progress progress) {
    lastRead = progress.file() + " " + progress.rows();
  }

  private int keptRows;

  /** How many rows of an earlier attempt stand. */
  public int keptRows() {
    return keptRows;
  }

  @Override
  public void resumed(long step, long rows) {
    keptRows = (int) rows;
  }

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

  /** The figures of every row but those of the clock. */
  public List<Map<String, Number>> figures() {
    return rows.stream()
        .map(
            row -> {
              Map<String, Number> figures = new LinkedHashMap<>(row.values());
              figures.keySet().removeIf(name -> name.matches(".*(runtime|per_second).*"));
              return figures;
            })
        .toList();
  }

  /** A figure of every row. */
  public double[] series(String name) {
    return rows.stream().mapToDouble(row -> row.values().get(name).doubleValue()).toArray();
  }
}
