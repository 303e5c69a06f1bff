package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.store.MetricsLog;
import dev.polyphase.orchestrator.store.PhaseFolder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the metrics of a phase have come to.
 *
 * @param steps the optimiser steps taken; null before the first is logged
 * @param tokens the tokens trained on by then; or null
 * @param loss the loss of the latest step; null where there is none, or it is no number
 * @param heldOut the figures of held-out rows
 */
record PhaseFigures(
    @Nullable Long steps, @Nullable Long tokens, @Nullable Double loss, List<HeldOut> heldOut) {
  private static final String LOSS = "loss";
  private static final String HELD_OUT = "eval_";
  private static final Set<String> SPEEDS = Set.of("eval_runtime", "eval_samples_per_second");

  PhaseFigures {
    heldOut = List.copyOf(heldOut);
  }

  /**
   * A figure of held-out rows.
   *
   * @param name its key in {@code metrics.jsonl}, as {@code eval_loss}
   * @param first its first value, before the phase trained
   * @param latest its latest; null where it was measured once
   */
  record HeldOut(String name, double first, @Nullable Double latest) {}

  /** Reads them; a phase that has not begun has none. */
  static PhaseFigures read(PhaseFolder folder) throws IOException {
    List<ObjectNode> rows = MetricsLog.read(folder);
    List<ObjectNode> steps = rows.stream().filter(row -> row.has(LOSS)).toList();
    @Nullable ObjectNode last = steps.isEmpty() ? null : steps.get(steps.size() - 1);
    return new PhaseFigures(
        last == null ? null : last.path("step").longValue(),
        last == null ? null : last.path("num_tokens").longValue(),
        last == null ? null : number(last, LOSS),
        heldOut(rows));
  }

  private static List<HeldOut> heldOut(List<ObjectNode> rows) {
    Set<String> names = new LinkedHashSet<>();
    rows.forEach(row -> row.fieldNames().forEachRemaining(names::add));
    List<HeldOut> figures = new ArrayList<>();
    for (String name : names) {
      if (name.startsWith(HELD_OUT) && !SPEEDS.contains(name)) {
        List<Double> values = new ArrayList<>();
        for (ObjectNode row : rows) {
          if (row.path(name).isNumber()) {
            values.add(row.path(name).doubleValue());
          }
        }
        if (!values.isEmpty()) {
          @Nullable Double latest = values.size() == 1 ? null : values.get(values.size() - 1);
          figures.add(new HeldOut(name, values.get(0), latest));
        }
      }
    }
    return figures;
  }

  private static @Nullable Double number(ObjectNode row, String key) {
    return row.path(key).isNumber() ? row.path(key).doubleValue() : null;
  }
}
