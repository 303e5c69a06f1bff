package dev.polyphase.phases.training;

import static java.util.Objects.requireNonNull;

import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.Outcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Rows that are not trained on: the same loss and figures, without an update. */
final class HeldOut {
  private static final String LOSS = "eval_loss";

  private final Transformer model;
  private final Objective objective;
  private final int microBatchSize;
  private final Runnable pause;

  /**
   * Held-out rows.
   *
   * @param pause called between forward passes; it may throw to end the phase
   */
  HeldOut(Transformer model, Objective objective, int microBatchSize, Runnable pause) {
    this.model = model;
    this.objective = objective;
    this.microBatchSize = microBatchSize;
    this.pause = pause;
  }

  /** What is evaluated. */
  Transformer model() {
    return model;
  }

  /** The means over all rows, as keys {@code eval_...}. */
  MetricsRow evaluate(long step, double epoch, long totalSteps) {
    long startNanos = System.nanoTime();
    double weight = 0;
    double loss = 0;
    Map<String, Double> figures = new LinkedHashMap<>();
    for (int[] rows : microBatches()) {
      pause.run();
      MicroBatch batch = objective.microBatch(rows);
      Outcome outcome = batch.evaluate(model.logProbs(batch.tokens()));
      weight += batch.weight();
      loss += outcome.lossSum();
      outcome.figures().forEach((name, sum) -> figures.merge(name, sum, Double::sum));
    }
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", step);
    values.put("epoch", epoch);
    values.put(LOSS, loss / weight);
    for (Map.Entry<String, Double> figure : figures.entrySet()) {
      values.put("eval_" + figure.getKey(), figure.getValue() / weight);
    }
    values.put("eval_runtime", seconds);
    values.put("eval_samples_per_second", objective.counts().pieces() / Math.max(seconds, 1e-9));
    return new MetricsRow(step, totalSteps, values);
  }

  /** All rows, in their order. */
  List<int[]> microBatches() {
    int rows = objective.tokensOfRow().length;
    List<int[]> microBatches = new ArrayList<>();
    for (int start = 0; start < rows; start += microBatchSize) {
      int end = Math.min(start + microBatchSize, rows);
      microBatches.add(IntStream.range(start, end).toArray());
    }
    return microBatches;
  }

  /** The loss in a row of {@link #evaluate}. */
  static double loss(MetricsRow row) {
    return requireNonNull(row.values().get(LOSS)).doubleValue();
  }
}
