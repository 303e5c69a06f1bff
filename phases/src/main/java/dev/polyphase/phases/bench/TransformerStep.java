package dev.polyphase.phases.bench;

import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.Gradients;
import dev.polyphase.phases.model.ModelConfig;
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
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Polyphase's own step, as the training loop takes it. */
public final class TransformerStep implements BenchStep {
  /** Of every step. */
  public static final double LEARNING_RATE = 1e-5;

  /** Of every step. */
  public static final Optimizer ADAMW = new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.999, 1e-8, 0);

  private final Transformer model;
  private final Supplier<ObjectiveStep> steps;
  private final OptimizerStep optimizer;
  private long step;
  private double lastLoss;

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

  /**
   * Steps of a model on a batch of random tokens.
   *
   * @param passes in how many micro-batches they go through the model; a divisor of the rows
   */
  public TransformerStep(Transformer model, DecoderShape shape, int passes) {
    this(model, microBatches(shape, passes));
  }

  private static Supplier<ObjectiveStep> microBatches(DecoderShape shape, int passes) {
    List<NextTokenBatch> batches =
        RandomTokens.of(shape, passes).stream()
            .map(rows -> new NextTokenBatch(rows, List.of()))
            .toList();
    return () -> ObjectiveStep.of(batches);
  }

  /**
   * Loads a model from a folder.
   *
   * @param trained the names of the tensors to train
   * @param adapters to train too
   * @param devices the places, each of which gets as many blocks as the others
   * @param precision of the frozen weights and the compute
   * @param activations what backward passes are given
   */
  public static Transformer load(
      Path folder,
      Set<String> trained,
      Adapters adapters,
      List<String> devices,
      Precision precision,
      Activations activations)
      throws IOException {
    Checkpoint checkpoint = Checkpoint.open(folder);
    ModelConfig config = ConfigReader.read(checkpoint);
    int places = devices.size();
    List<Integer> firstBlocks =
        IntStream.range(0, places).mapToObj(place -> place * config.numLayers() / places).toList();
    return Transformer.load(
        checkpoint,
        config,
        new Trainable(trained, adapters),
        new Placement(devices, firstBlocks, precision, activations, false));
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
      sums.differentiate(gradients, scratch);
      List<TrainedPart> parts = gradients.parts();
      GradientNorm norm = optimizer.norm(parts, scratch);
      // Waits for the device, as the loop does to check it.
      lastLoss = sums.loss();
      optimizer.update(step, parts, norm, LEARNING_RATE);
    }
    // Else a GPU would do the update in the time of who comes next.
    model.devices().await();
  }

  @Override
  public OptionalDouble lastLoss() {
    return step == 0 ? OptionalDouble.empty() : OptionalDouble.of(lastLoss);
  }

  @Override
  public void close() {
    optimizer.close();
    model.close();
  }
}
