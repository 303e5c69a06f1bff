package dev.polyphase.phases.bench;

import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.Gradients;
import dev.polyphase.phases.model.Placement;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.NextTokenBatch;
import dev.polyphase.phases.objective.ObjectiveStep;
import dev.polyphase.phases.optimizer.GradientNorm;
import dev.polyphase.phases.optimizer.OptimizerStep;
import dev.polyphase.phases.training.StepSums;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Polyphase's own step, as the training loop takes it. */
public final class TransformerStep implements BenchStep {
  private static final double LEARNING_RATE = 1e-5;
  private static final Optimizer ADAMW = new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.999, 1e-8, 0);

  private final Transformer model;
  private final Supplier<ObjectiveStep> steps;
  private final OptimizerStep optimizer;
  private long step;

  /**
   * Steps of a model.
   *
   * @param model is closed with it
   * @param steps what each step optimises
   */
  public TransformerStep(Transformer model, Supplier<ObjectiveStep> steps) {
    this.model = model;
    this.steps = steps;
    this.optimizer = new OptimizerStep(model.devices(), ADAMW, ADAMW.maxGradNorm(), 42);
  }

  /** Steps of a model on what each target of the same rows costs. */
  public TransformerStep(Transformer model, TokenBatch rows) {
    this(model, () -> ObjectiveStep.of(List.of(new NextTokenBatch(rows, List.of()))));
  }

  /** Steps of a model on a batch of random tokens. */
  public TransformerStep(Transformer model, DecoderShape shape) {
    this(model, RandomTokens.of(shape));
  }

  /**
   * Loads a model from a folder.
   *
   * @param trained the names of the tensors to train
   * @param adapters to train too
   * @param precision of the frozen weights and the compute
   */
  public static Transformer load(
      Path folder, Set<String> trained, Adapters adapters, String device, Precision precision)
      throws IOException {
    Checkpoint checkpoint = Checkpoint.open(folder);
    return Transformer.load(
        checkpoint,
        ConfigReader.read(checkpoint),
        new Trainable(trained, adapters),
        Placement.on(device, precision, Activations.KEPT));
  }

  @Override
  public void run() {
    step++;
    model.startStep(step);
    ObjectiveStep rows = steps.get();
    List<MicroBatch> microBatches = rows.microBatches();
    StepSums sums = new StepSums(model, microBatches);
    try (NDManager scratch = model.newScratch()) {
      Gradients gradients = sums.newGradients(scratch);
      rows.begin(model, scratch);
      for (MicroBatch batch : microBatches) {
        sums.differentiate(batch, gradients, scratch);
      }
      List<TrainedPart> parts = gradients.parts();
      GradientNorm norm = optimizer.norm(parts, scratch);
      // Waits for the device, as the loop does to check it.
      sums.loss();
      optimizer.update(step, parts, norm, LEARNING_RATE);
    }
  }

  @Override
  public void close() {
    optimizer.close();
    model.close();
  }
}
