package dev.polyphase.orchestrator.store;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.api.MetricsRow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The rows of {@code metrics.jsonl}, as they come. */
public final class MetricsLog implements AutoCloseable {
  private final JsonLines lines;
  private final List<ObjectNode> rows = new ArrayList<>();

  private MetricsLog(JsonLines lines) {
    this.lines = lines;
  }

  /** Begins the log of a phase; rows of an earlier attempt are gone. */
  public static MetricsLog anew(PhaseFolder phase) throws IOException {
    return new MetricsLog(JsonLines.anew(phase.metricsJsonl()));
  }

  /** Adds a row; a figure that is not finite becomes null, since JSON has no other word for it. */
  public void add(MetricsRow row) throws IOException {
    ObjectNode line = JsonNodeFactory.instance.objectNode();
    row.values().forEach((name, value) -> put(line, name, value));
    rows.add(line);
    lines.add(line);
  }

  private static void put(ObjectNode line, String name, Number value) {
    if (value instanceof Long || value instanceof Integer) {
      line.put(name, value.longValue());
    } else if (Double.isFinite(value.doubleValue())) {
      line.put(name, value.doubleValue());
    } else {
      line.putNull(name);
    }
  }

  /** All rows so far. */
  public List<ObjectNode> rows() {
    return List.copyOf(rows);
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
