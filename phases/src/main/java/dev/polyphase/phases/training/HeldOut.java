package dev.polyphase.phases.training;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDManager;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.model.HeadFigures;
import dev.polyphase.phases.model.RoutingLoss;
import dev.polyphase.phases.model.SavedForm;
import dev.polyphase.phases.model.TargetFigures;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.model.Weights;
import dev.polyphase.phases.objective.Margins;
import dev.polyphase.phases.objective.Mean;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveStep;
import dev.polyphase.phases.objective.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Rows that are not trained on: the same loss and figures, without an update. */
final class HeldOut {
  private static final String LOSS = "eval_loss";

  private final Transformer model;
  private final SavedForm form;
  private final Objective objective;
  private final int microBatchSize;
  private final Runnable pause;

  /**
   * Held-out rows. What is said of them is said of the weights as they would be saved.
   *
   * @param form how that is
   * @param pause called between forward passes; it may throw to end the phase
   */
  HeldOut(
      Transformer model, SavedForm form, Objective objective, int microBatchSize, Runnable pause) {
    this.model = model;
    this.form = form;
    this.objective = objective;
    this.microBatchSize = microBatchSize;
    this.pause = pause;
  }

  /** What is evaluated. */
  Transformer model() {
    return model;
  }

  /** The reward margins of the last evaluation; empty where the rows are no pairs. */
  Optional<Margins> margins() {
    return objective.margins();
  }

  /** The means over all rows, as keys {@code eval_...}. */
  MetricsRow evaluate(long step, double epoch, long totalSteps) {
    long startNanos = System.nanoTime();
    double weight = 0;
    double loss = 0;
    Map<String, Mean> figures = new LinkedHashMap<>();
    Map<String, Mean> losses = new LinkedHashMap<>();
    Weights weights = model.weights();
    weights.showSaved(form);
    List<int[]> microBatches = microBatches();
    RoutingLoss routing = model.routingLoss(microBatches.size());
    try {
      for (int[] rows : microBatches) {
        pause.run();
        ObjectiveStep alone = objective.step(List.of(rows));
        MicroBatch batch = alone.microBatches().get(0);
        Outcome outcome = outcome(alone, batch, routing);
        weight += batch.weight();
        loss += outcome.lossSum();
        outcome.figures().forEach((name, mean) -> figures.merge(name, mean, Mean::plus));
        outcome.losses().forEach((name, mean) -> losses.merge(name, mean, Mean::plus));
      }
    } finally {
      weights.showAsTheyAre();
    }
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", step);
    values.put("epoch", epoch);
    values.put(LOSS, loss / weight + routing.weighted());
    figures.forEach((name, mean) -> values.put("eval_" + name, mean.value()));
    routing.mean().ifPresent(mean -> values.put("eval_" + StepSums.ROUTING_LOSS, mean));
    losses.forEach((name, mean) -> values.put("eval_" + StepSums.LOSS_OF + name, mean.value()));
    values.put("eval_runtime", seconds);
    values.put("eval_samples_per_second", objective.counts().pieces() / Math.max(seconds, 1e-9));
    return new MetricsRow(step, totalSteps, values);
  }

  private Outcome outcome(ObjectiveStep alone, MicroBatch batch, RoutingLoss routing) {
    try (NDManager scratch = model.newScratch()) {
      if (batch.loss() instanceof MicroBatch.Loss.Computed computed) {
        alone.begin(model, scratch);
        TargetFigures targets = model.figures(batch.tokens(), computed.wanted(), routing, scratch);
        // Before what it heard goes with the scratch.
        routing.mean();
        return batch.outcome(computed.at(targets, 1, scratch).found().toDoubleArray());
      }
      if (batch.tokens().lossTokens() == 0) {
        return batch.outcome(new double[0]);
      }
      float[] logProbs =
          model
              .figures(batch.tokens(), HeadFigures.NONE, routing, scratch)
              .logProbs()
              .toFloatArray();
      routing.mean();
      double[] wide = new double[logProbs.length];
      Arrays.setAll(wide, i -> logProbs[i]);
      return batch.outcome(wide);
    }
  }

  private List<int[]> microBatches() {
    return microBatches(objective, microBatchSize);
  }

  /** All rows, in their order. */
  static List<int[]> microBatches(Objective objective, int microBatchSize) {
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
