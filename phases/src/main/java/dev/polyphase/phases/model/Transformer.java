package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.phases.data.TokenBatch;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A decoder-only transformer in memory. The backward pass recomputes one block at a time, and
 * touches nothing below the lowest trained tensor.
 *
 * <p>Not for several threads at once.
 */
public final class Transformer implements AutoCloseable {
  /** The tokens whose logits exist at a time. */
  public static final int TOKENS_OF_LOGITS = Ends.CHUNK_TOKENS;

  private final NDManager manager;
  private final TensorStore store;
  private final Weights weights;
  private final Blocks blocks;
  private final Ends ends;
  private final RotaryTable rotary;
  private final NDArray computeLike;
  private final boolean trainsEmbedding;
  private final int lowestTrainedBlock;

  private Transformer(
      NDManager manager,
      TensorStore store,
      ModelConfig config,
      ModelLayout layout,
      Weights weights,
      NDArray computeLike) {
    this.manager = manager;
    this.store = store;
    this.weights = weights;
    this.blocks = new Blocks(manager, config, layout, weights);
    this.ends = new Ends(manager, config, layout, weights);
    this.rotary = new RotaryTable(manager, config.rope().frequencies(config.headDim()));
    this.computeLike = computeLike;
    this.trainsEmbedding = weights.trains(ModelLayout.EMBEDDING);
    this.lowestTrainedBlock = trainsEmbedding ? 0 : blocks.lowestTrained();
  }

  /**
   * Loads a model.
   *
   * @param trained the names of the tensors to train; they become float32 masters
   * @param device as in {@link Libtorch#newManager}
   * @param precision of the frozen weights and the compute
   */
  public static Transformer load(
      Checkpoint checkpoint,
      ModelConfig config,
      Set<String> trained,
      String device,
      Precision precision)
      throws IOException {
    ModelLayout layout = new ModelLayout(config);
    layout.check(checkpoint);
    NDManager manager = Libtorch.newManager(device);
    try {
      TensorStore store = new TensorStore(manager);
      Weights weights = Weights.load(manager, store, checkpoint, layout, trained, precision);
      NDArray computeLike = store.like(manager, precision);
      return new Transformer(manager, store, config, layout, weights, computeLike);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /** A manager for the arrays of one step, to be closed at its end. */
  public NDManager newScratch() {
    return manager.newSubManager();
  }

  /** Moves tensors between this model's device and files. */
  public TensorStore store() {
    return store;
  }

  /** The float32 masters of the trained tensors by name; writing to them trains the model. */
  public Map<String, NDArray> masters() {
    return weights.masters();
  }

  /** The logits of every position, {@code [batch * seq][vocabulary]}, for small inputs. */
  public float[][] logits(TokenBatch batch) {
    try (NDManager scratch = newScratch()) {
      NDArray last = throughBlocks(ids(batch, scratch), batch.seq(), null, scratch);
      long[] all = new long[batch.batch() * batch.seq()];
      Arrays.setAll(all, i -> i);
      NDArray logits = ends.logits(ends.pick(last, scratch.create(all), scratch), scratch);
      int vocabulary = (int) logits.getShape().get(1);
      float[] flat = logits.toFloatArray();
      float[][] rows = new float[all.length][];
      Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * vocabulary, (i + 1) * vocabulary));
      return rows;
    }
  }

  /**
   * The log-probability of each target of a batch, {@code [n]}. A batch without targets gives none.
   */
  public float[] logProbs(TokenBatch batch) {
    if (batch.lossTokens() == 0) {
      return new float[0];
    }
    try (NDManager scratch = newScratch()) {
      return forward(batch, false, scratch).logProbs().toFloatArray();
    }
  }

  /**
   * A forward and a backward pass.
   *
   * @param gradientOf given the log-probability of each target {@code [n]}, the loss's gradient
   *     with respect to each, {@code [n]}
   * @param gradients to add the trained tensors' gradients to
   */
  public void differentiate(
      TokenBatch batch, Function<float[], float[]> gradientOf, Gradients gradients) {
    if (batch.lossTokens() == 0) {
      return;
    }
    try (NDManager scratch = newScratch()) {
      Pass pass = forward(batch, true, scratch);
      float[] gradient = gradientOf.apply(pass.logProbs().toFloatArray());
      backward(pass, scratch.create(gradient), gradients, scratch);
    }
  }

  @Override
  public void close() {
    blocks.close();
    ends.close();
    store.close();
    manager.close();
  }

  private Pass forward(TokenBatch batch, boolean keepInputs, NDManager scratch) {
    NDArray ids = ids(batch, scratch);
    List<@Nullable NDArray> inputs = keepInputs ? new ArrayList<>() : null;
    NDArray last = throughBlocks(ids, batch.seq(), inputs, scratch);
    NDArray targetPositions = scratch.create(toLongs(batch.targetPositions()));
    NDArray targets = scratch.create(toLongs(batch.targets()));
    NDArray normed = ends.pick(last, targetPositions, scratch);
    NDList found = ends.logProbs(normed, targets, scratch);
    return new Pass(
        ids,
        rotary.upTo(batch.seq(), scratch),
        inputs == null ? List.of() : inputs,
        last,
        targetPositions,
        targets,
        normed,
        found.get(1),
        found.get(0));
  }

  /** Runs all blocks. Inputs from the lowest trained block on go into {@code inputs}. */
  private NDArray throughBlocks(
      NDArray ids, int seq, @Nullable List<@Nullable NDArray> inputs, NDManager scratch) {
    RotaryTable.Slice positions = rotary.upTo(seq, scratch);
    NDArray x = ends.embed(ids, computeLike, scratch);
    for (int layer = 0; layer < blocks.count(); layer++) {
      NDArray y = blocks.forward(layer, x, positions, scratch);
      boolean kept = inputs != null && layer >= lowestTrainedBlock;
      if (inputs != null) {
        inputs.add(kept ? x : null);
      }
      if (!kept) {
        x.close();
      }
      x = y;
    }
    return x;
  }

  private void backward(Pass pass, NDArray gradient, Gradients gradients, NDManager scratch) {
    boolean belowHead = belowNorm() || weights.trains(ModelLayout.FINAL_NORM);
    NDArray gh =
        ends.logProbsBackward(
            pass.normed(), pass.targets(), pass.norms(), gradient, belowHead, gradients, scratch);
    if (gh == null) {
      return;
    }
    NDArray gx =
        ends.pickBackward(pass.last(), pass.targetPositions(), gh, belowNorm(), gradients, scratch);
    gh.close();
    if (gx == null) {
      return;
    }
    for (int layer = blocks.count() - 1; layer >= lowestTrainedBlock; layer--) {
      NDArray x = pass.blockInputs().get(layer);
      boolean ofInput = layer > lowestTrainedBlock || trainsEmbedding;
      NDArray next = blocks.backward(layer, x, pass.positions(), gx, ofInput, gradients, scratch);
      x.close();
      if (ofInput) {
        gx.close();
      }
      gx = next;
    }
    if (trainsEmbedding) {
      ends.embedBackward(pass.ids(), gx, gradients, scratch);
    }
  }

  private boolean belowNorm() {
    return trainsEmbedding || lowestTrainedBlock < blocks.count();
  }

  private static NDArray ids(TokenBatch batch, NDManager scratch) {
    return scratch.create(toLongs(batch.ids()), new Shape(batch.batch(), batch.seq()));
  }

  private static long[] toLongs(int[] values) {
    return Arrays.stream(values).asLongStream().toArray();
  }
}
