package dev.polyphase.phases.training;

import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.Outcome;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/** Rows that are not trained on: the same loss and figures, without an update. */
final class HeldOut {
  private final Objective objective;
  private final int microBatchSize;
  private final Runnable pause;

  /**
   * Held-out rows.
   *
   * @param pause called between forward passes; it may throw to end the phase
   */
  HeldOut(Objective objective, int microBatchSize, Runnable pause) {
    this.objective = objective;
    this.microBatchSize = microBatchSize;
    this.pause = pause;
  }

  /** Called before the first step, as {@link Objective#begin}. */
  void begin(Transformer model) {
    objective.begin(model, microBatchSize, pause);
  }

  /** The means over all rows, as keys {@code eval_...}. */
  MetricsRow evaluate(Transformer model, long step, double epoch, long totalSteps) {
    long startNanos = System.nanoTime();
    int rows = objective.tokensOfRow().length;
    double weight = 0;
    double loss = 0;
    Map<String, Double> figures = new LinkedHashMap<>();
    for (int start = 0; start < rows; start += microBatchSize) {
      pause.run();
      int end = Math.min(start + microBatchSize, rows);
      MicroBatch batch = objective.microBatch(IntStream.range(start, end).toArray());
      Outcome outcome = batch.evaluate(model.logProbs(batch.tokens()));
      weight += batch.weight();
      loss += outcome.lossSum();
      outcome.figures().forEach((name, sum) -> figures.merge(name, sum, Double::sum));
    }
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", step);
    values.put("epoch", epoch);
    values.put("eval_loss", loss / weight);
    for (Map.Entry<String, Double> figure : figures.entrySet()) {
      values.put("eval_" + figure.getKey(), figure.getValue() / weight);
    }
    values.put("eval_runtime", seconds);
    values.put("eval_samples_per_second", objective.counts().rows() / Math.max(seconds, 1e-9));
    return new MetricsRow(step, totalSteps, values);
  }
}
