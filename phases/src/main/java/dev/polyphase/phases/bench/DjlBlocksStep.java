package dev.polyphase.phases.bench;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The same model as DJL's users write it: its blocks, its gradient collector, its Adam. In float32:
 * DJL does not know bfloat16.
 */
public final class DjlBlocksStep implements BenchStep {
  private static final float LEARNING_RATE = 1e-5f;

  private final DecoderShape shape;
  private final TokenBatch batch;
  private final NDManager place;
  private final Model model;
  private final Trainer trainer;

  /** A step on random weights. */
  public DjlBlocksStep(DecoderShape shape, String device) {
    this.shape = shape;
    this.batch = RandomTokens.of(shape);
    this.place = Libtorch.newManager(device);
    this.model = Model.newInstance("decoder", place.getDevice(), "PyTorch");
    model.setBlock(new DjlDecoder(shape));
    Optimizer adam = Optimizer.adam().optLearningRateTracker(Tracker.fixed(LEARNING_RATE)).build();
    this.trainer =
        model.newTrainer(
            new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                .optOptimizer(adam)
                .optDevices(new Device[] {place.getDevice()}));
    trainer.initialize(new Shape(shape.batch(), shape.sequence()));
  }

  /** Why there is none of a shape; empty where there is one. */
  public static Optional<String> whyNot(DecoderShape shape) {
    return DjlDecoder.whyNot(shape);
  }

  @Override
  public void run() {
    try (NDManager scratch = trainer.getManager().newSubManager()) {
      NDArray ids = scratch.create(batch.ids()).reshape(shape.batch(), shape.sequence());
      NDArray targets = scratch.create(targetOfEach());
      try (GradientCollector collector = trainer.newGradientCollector()) {
        NDArray logits = trainer.forward(new NDList(ids)).singletonOrThrow();
        NDArray loss =
            trainer
                .getLoss()
                .evaluate(
                    new NDList(targets),
                    new NDList(logits.reshape(shape.tokens(), shape.vocabulary())));
        collector.backward(loss);
        loss.toFloatArray();
      }
      trainer.step();
    }
  }

  /** The last of a row, which has no next, gets the first: as much is computed, and none is cut. */
  private int[] targetOfEach() {
    int[] ids = batch.ids();
    int last = shape.sequence() - 1;
    return IntStream.range(0, ids.length)
        .map(i -> i % shape.sequence() == last ? ids[i - last] : ids[i + 1])
        .toArray();
  }

  @Override
  public void close() {
    trainer.close();
    model.close();
    Libtorch.close(place);
  }
}
