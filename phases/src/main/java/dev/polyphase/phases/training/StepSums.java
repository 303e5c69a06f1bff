package dev.polyphase.phases.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.phases.model.Gradients;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Mean;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Outcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** One step's loss and figures over its micro-batches, and their backward passes. */
final class StepSums {
  /** Before the name of a dataset: its loss. */
  static final String LOSS_OF = "loss/";

  private final double weight;
  private final List<Unread> unread = new ArrayList<>();
  private final Map<String, Double> figures = new LinkedHashMap<>();
  private final Map<String, Mean> lossesByDataset = new LinkedHashMap<>();
  private final List<Double> losses = new ArrayList<>();
  private double loss;

  /**
   * No sums yet.
   *
   * @param microBatches all of the step's: the loss is a mean over them, so that their size is
   *     needed before the first backward pass
   */
  StepSums(List<MicroBatch> microBatches) {
    this.weight = microBatches.stream().mapToInt(MicroBatch::weight).sum();
  }

  /**
   * A forward and a backward pass; where the loss is linear, its figures are read later.
   *
   * @param scratch the owner of what is read later
   */
  void differentiate(MicroBatch batch, Transformer model, Gradients gradients, NDManager scratch) {
    OptionalDouble slope = batch.slope();
    if (slope.isPresent()) {
      model
          .differentiate(batch.tokens(), slope.getAsDouble() / weight, gradients, scratch)
          .ifPresent(logProbs -> unread.add(new Unread(batch, logProbs)));
    } else {
      model.differentiate(
          batch.tokens(), logProbs -> add(batch, batch.evaluate(logProbs)), gradients);
    }
  }

  /** The step's loss. Waits for the device. */
  double loss() {
    unread.forEach(one -> add(one.batch(), one.batch().evaluate(one.logProbs().toFloatArray())));
    unread.clear();
    return loss / weight;
  }

  /**
   * Further figures by their names in metrics, once the loss was asked for: means of which a step
   * is one, whatever its weight, and the losses of datasets, of which it is as much as it has of
   * them.
   */
  Map<String, Mean> figures() {
    Map<String, Mean> means = new LinkedHashMap<>();
    figures.forEach((name, sum) -> means.put(name, new Mean(sum / weight, 1)));
    lossesByDataset.forEach((name, loss) -> means.put(LOSS_OF + name, loss));
    return means;
  }

  /** The mean loss of each micro-batch that has targets, once the step's was asked for. */
  List<Double> losses() {
    return losses;
  }

  /** Adds a micro-batch and returns its part of the gradient of the step's mean loss. */
  private float[] add(MicroBatch batch, Outcome outcome) {
    losses.add(outcome.lossSum() / batch.weight());
    loss += outcome.lossSum();
    outcome.figures().forEach((name, sum) -> figures.merge(name, sum, Double::sum));
    outcome.losses().forEach((name, sum) -> lossesByDataset.merge(name, sum, Mean::plus));
    float[] gradient = outcome.gradient();
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] = (float) (gradient[i] / weight);
    }
    return gradient;
  }

  /**
   * A micro-batch whose loss has not been asked for yet.
   *
   * @param logProbs of each target, {@code [n]}, on the device
   */
  private record Unread(MicroBatch batch, NDArray logProbs) {}
}
