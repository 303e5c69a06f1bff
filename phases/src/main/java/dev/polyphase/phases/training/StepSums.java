package dev.polyphase.phases.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.polyphase.phases.model.Gradients;
import dev.polyphase.phases.model.PassLoss;
import dev.polyphase.phases.model.RoutingLoss;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Mean;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One step's loss and figures over its micro-batches, and their backward passes. */
public final class StepSums {
  /** Before the name of a dataset: its loss. */
  static final String LOSS_OF = "loss/";

  /** TRL's name. */
  static final String ROUTING_LOSS = "aux_loss";

  private final double weight;
  private final Transformer model;
  private final List<MicroBatch> microBatches;
  private final RoutingLoss routing;
  private final List<Unread> unread = new ArrayList<>();
  private final Map<String, Mean> figures = new LinkedHashMap<>();
  private final Map<String, Mean> lossesByDataset = new LinkedHashMap<>();
  private final List<Double> losses = new ArrayList<>();
  private double loss;

  /**
   * No sums yet.
   *
   * @param model whose they are
   * @param microBatches all of the step's: the loss is a mean over them, so that their size is
   *     needed before the first backward pass
   */
  public StepSums(Transformer model, List<MicroBatch> microBatches) {
    this.weight = microBatches.stream().mapToInt(MicroBatch::weight).sum();
    long passes = microBatches.stream().filter(it -> it.tokens().lossTokens() > 0).count();
    this.model = model;
    this.microBatches = microBatches;
    this.routing = model.routingLoss((int) passes);
  }

  /**
   * No gradients of these sums yet.
   *
   * @param scratch the owner of the gradients, and of what is read later
   */
  public Gradients newGradients(NDManager scratch) {
    return new Gradients(scratch, routing);
  }

  /**
   * The forward and backward passes; the figures are read later.
   *
   * @param scratch the owner of what is read later
   */
  public void differentiate(Gradients gradients, NDManager scratch) {
    model.differentiate(
        microBatches.stream().map(batch -> passLoss(batch, scratch)).toList(), gradients);
  }

  private PassLoss passLoss(MicroBatch batch, NDManager scratch) {
    if (batch.loss() instanceof MicroBatch.Loss.Linear linear) {
      return new PassLoss.Linear(
          batch.tokens(),
          linear.slope() / weight,
          logProbs -> {
            logProbs.attach(scratch);
            unread.add(new Unread(batch, logProbs));
          });
    }
    MicroBatch.Loss.Computed computed = (MicroBatch.Loss.Computed) batch.loss();
    return new PassLoss.Computed(
        batch.tokens(),
        computed.wanted(),
        targets -> {
          // Other threads add to the step's own arrays meanwhile.
          MicroBatch.Evaluation evaluation = computed.at(targets, weight, scratch.newSubManager());
          unread.add(new Unread(batch, evaluation.found()));
          return evaluation.gradient();
        });
  }

  /** The step's loss. Waits for the device. */
  public double loss() {
    unread.forEach(one -> add(one.batch(), one.batch().outcome(one.read())));
    unread.clear();
    return loss / weight + routing.weighted();
  }

  /**
   * Further figures by their names in metrics, once the loss was asked for: means of which a step
   * is one, whatever its weight, and the losses of datasets, of which it is as much as it has of
   * them.
   */
  Map<String, Mean> figures() {
    Map<String, Mean> means = new LinkedHashMap<>();
    figures.forEach((name, mean) -> means.put(name, new Mean(mean.value(), 1)));
    routing.mean().ifPresent(mean -> means.put(ROUTING_LOSS, new Mean(mean, 1)));
    lossesByDataset.forEach((name, own) -> means.put(LOSS_OF + name, own));
    return means;
  }

  /** The mean loss of each micro-batch that has targets, once the step's was asked for. */
  List<Double> losses() {
    return losses;
  }

  private void add(MicroBatch batch, Outcome outcome) {
    losses.add(outcome.lossSum() / batch.weight());
    loss += outcome.lossSum();
    outcome.figures().forEach((name, mean) -> figures.merge(name, mean, Mean::plus));
    outcome.losses().forEach((name, mean) -> lossesByDataset.merge(name, mean, Mean::plus));
  }

  /**
   * A micro-batch whose loss has not been asked for yet.
   *
   * @param found what its outcome follows from, on the device
   */
  private record Unread(MicroBatch batch, NDArray found) {
    double[] read() {
      return found.getDataType() == DataType.FLOAT64
          ? found.toDoubleArray()
          : widened(found.toFloatArray());
    }
  }

  private static double[] widened(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }
}
