package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows of figures of which so many are kept that a curve looks the same: every second, fourth,
 * eighth of a step, and all of evaluations. The first and the last always stay.
 */
final class ThinnedRows {
  static final long USUAL = 2_000;
  private static final long LEAST = 10;
  private static final long MOST = 50_000;

  private final long points;
  private List<JsonNode> kept = new ArrayList<>();
  private long every = 1;
  private long steps;
  private JsonNode last = Json.object();
  private boolean lastKept = true;

  ThinnedRows(long points) {
    this.points = Math.max(LEAST, Math.min(MOST, points));
  }

  void add(List<String> lines) {
    ArrayNode rows = Json.object().putArray("rows");
    ParsedLines.addTo(rows, lines);
    rows.forEach(this::add);
  }

  private void add(JsonNode row) {
    boolean isStep = row.has("loss");
    lastKept = !isStep || steps % every == 0;
    last = row;
    if (isStep) {
      steps++;
    }
    if (lastKept) {
      kept.add(row);
      if (kept.size() > 2 * points) {
        thin();
      }
    }
  }

  /** Keeps every second of the steps that were kept. */
  private void thin() {
    List<JsonNode> fewer = new ArrayList<>();
    int step = 0;
    for (JsonNode row : kept) {
      if (!row.has("loss") || step++ % 2 == 0) {
        fewer.add(row);
      }
    }
    kept = fewer;
    every *= 2;
  }

  ArrayNode rows() {
    ArrayNode rows = Json.object().putArray("rows");
    kept.forEach(rows::add);
    if (!lastKept) {
      rows.add(last);
    }
    return rows;
  }
}
