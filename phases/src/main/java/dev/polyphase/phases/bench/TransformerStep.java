package dev.polyphase.phases.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ConfigReader;
import dev.polyphase.phases.model.Gradients;
import dev.polyphase.phases.model.Placement;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.optimizer.OptimizerStep;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Polyphase's own step, as the training loop takes it. */
public final class TransformerStep implements BenchStep {
  private static final double LEARNING_RATE = 1e-5;
  private static final Optimizer ADAMW = new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.999, 1e-8, 0);

  private final TokenBatch batch;
  private final Transformer model;
  private final OptimizerStep optimizer;
  private long step;

  /**
   * A step on a model in a folder.
   *
   * @param trained the names of the tensors to train
   * @param adapters to train too
   * @param precision of the frozen weights and the compute
   */
  public TransformerStep(
      DecoderShape shape,
      Path folder,
      Set<String> trained,
      Adapters adapters,
      String device,
      Precision precision)
      throws IOException {
    this.batch = RandomTokens.of(shape);
    Checkpoint checkpoint = Checkpoint.open(folder);
    this.model =
        Transformer.load(
            checkpoint,
            ConfigReader.read(checkpoint),
            new Trainable(trained, adapters),
            Placement.on(device, precision, Activations.KEPT));
    this.optimizer = new OptimizerStep(model.devices(), ADAMW, ADAMW.maxGradNorm(), 42);
  }

  @Override
  public void run() {
    try (NDManager scratch = model.newScratch()) {
      Gradients gradients = new Gradients(scratch);
      NDArray logProbs =
          model.differentiate(batch, -1.0 / batch.lossTokens(), gradients, scratch).orElseThrow();
      logProbs.toFloatArray();
      List<TrainedPart> parts = gradients.parts();
      step++;
      optimizer.update(step, parts, optimizer.norm(parts, scratch), LEARNING_RATE);
    }
  }

  @Override
  public void close() {
    optimizer.close();
    model.close();
  }
}
