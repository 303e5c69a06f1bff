package dev.polyphase.phases.api;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One row of {@code metrics.jsonl}: the figures by name, in the order of writing. Training steps
 * carry {@code loss}; held-out figures carry {@code eval_...} keys and no {@code loss}.
 *
 * @param step the optimiser steps taken, this one included
 * @param totalSteps the optimiser steps of the phase
 * @param values the figures, {@code step} and {@code epoch} first
 */
public record MetricsRow(long step, long totalSteps, Map<String, Number> values) {

  public MetricsRow {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }
}
