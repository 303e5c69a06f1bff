package dev.polyphase.phases.model;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.phases.data.TokenBatch;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A decoder-only transformer in memory. The backward pass goes block by block, and touches nothing
 * below the lowest trained tensor.
 *
 * <p>Not for several threads at once.
 */
public final class Transformer implements AutoCloseable {
  private final Places places;
  private final ModelLayout layout;
  private final Weights weights;
  private final Adapters adapters;
  private final Precision precision;
  private final Passes passes;
  private Checkpoint atRest;

  private Transformer(
      Places places,
      Checkpoint checkpoint,
      ModelConfig config,
      ModelLayout layout,
      Weights weights,
      Adapters adapters,
      Residency residency) {
    this.places = places;
    this.layout = layout;
    this.weights = weights;
    this.adapters = adapters;
    this.precision = residency.precision();
    this.passes =
        new Passes(places, config, layout, weights, adapters, residency.activations(), precision);
    this.atRest = checkpoint;
  }

  /**
   * Loads a model.
   *
   * @param trained the names of the tensors to train; they become float32 masters
   * @param adapters to train too; none for modules whose weight is trained
   */
  public static Transformer load(
      Checkpoint checkpoint,
      ModelConfig config,
      Set<String> trained,
      Adapters adapters,
      Residency residency)
      throws IOException {
    ModelLayout layout = new ModelLayout(config);
    layout.check(checkpoint);
    Places places = new Places(residency.placement(), layout, residency.mastersAt());
    try {
      Weights weights =
          Weights.load(places, checkpoint, layout, trained, adapters, residency.precision());
      return new Transformer(places, checkpoint, config, layout, weights, adapters, residency);
    } catch (IOException | RuntimeException e) {
      places.close();
      throw e;
    }
  }

  /** Loads a model of which nothing is trained. */
  public static Transformer load(
      Checkpoint checkpoint, ModelConfig config, String device, Precision precision)
      throws IOException {
    Residency residency = Residency.on(device, precision, Activations.RECOMPUTED);
    return load(checkpoint, config, Set.of(), Adapters.none(), residency);
  }

  /** The tokens whose logits exist at a time. */
  public static int tokensOfLogits(boolean onGpu) {
    return Ends.chunkTokens(onGpu);
  }

  /** A manager for the arrays of one step, whatever their device, to be closed at its end. */
  public NDManager newScratch() {
    return places.manager(places.ofEmbedding()).newSubManager();
  }

  /** The owners of what is at each of the model's places. */
  public List<NDManager> places() {
    return places.managers();
  }

  /** The index among {@link #places()} of a trained tensor's, or of rows' of one. */
  public int placeOf(String parameter) {
    return places.of(parameter);
  }

  /** Moves a parameter between where it is, or where its master is, and files. */
  public TensorStore storeOf(String parameter) {
    return places.storeOfMaster(parameter);
  }

  /** Whether masters are on the CPU, apart from what the model computes with. */
  public boolean mastersOnHost() {
    return places.mastersOnHost();
  }

  /** The owner of masters that are on the CPU. */
  public NDManager host() {
    return places.host();
  }

  /** What the model computes with in the place of masters that are on the CPU, by parameter. */
  public Map<String, NDArray> copies() {
    return weights.copies();
  }

  /** Whether the model is on GPUs. */
  public boolean onGpu() {
    return places.onGpu();
  }

  /** Returns when the model's devices have done what they were asked for. */
  public void awaitDevices() {
    places.awaitDevices();
  }

  /**
   * The float32 masters of the trained tensors and the adapters by name; writing to them trains the
   * model.
   */
  public Map<String, NDArray> masters() {
    return weights.masters();
  }

  /**
   * Trains other tensors from now on; adapters stay. Masters that stay keep their values to the
   * bit, what enters or leaves has its values from the checkpoint, and so has what is frozen and
   * lies elsewhere there.
   *
   * @param present the weights as they stand, the tensors of the model's own checkpoint
   * @param trained the names of the tensors to train
   */
  public void retarget(Checkpoint present, Set<String> trained) throws IOException {
    // Copies of masters may still be on their way.
    places.awaitDevices();
    weights.retarget(places, atRest, present, layout, trained, precision);
    atRest = present;
    passes.retarget();
  }

  /** Where the tensors lie that are frozen now; of those that are trained, where they began. */
  public Checkpoint atRest() {
    return atRest;
  }

  /** What is trained instead of weights. */
  public Adapters adapters() {
    return adapters;
  }

  /**
   * A weight with its adapter merged, {@code W + scale * B A}, float32.
   *
   * @param weight of a module that is adapted, at rest
   */
  public NDArray merged(TensorInfo weight, NDManager owner) throws IOException {
    String module = Adapters.module(weight.name());
    NDArray merged = storeOf(weight.name()).writable(owner, weight, Precision.FLOAT32);
    try (NDArray product = master(module + Adapters.B).matMul(master(module + Adapters.A))) {
      product.muli(adapters.scale());
      return merged.addi(product);
    }
  }

  private NDArray master(String name) {
    return requireNonNull(masters().get(name));
  }

  /** From now on all that is differentiated has noise on its embeddings; nothing else has. */
  public void addNoise(EmbeddingNoise ofTraining) {
    passes.addNoise(ofTraining);
  }

  /** Begins an optimiser step, from whose number follow the noise and what adapters drop. */
  public void startStep(long index) {
    passes.startStep(index);
  }

  /** The logits of every position, {@code [batch * seq][vocabulary]}, for small inputs. */
  public float[][] logits(TokenBatch batch) {
    return passes.logits(batch);
  }

  /**
   * The log-probability of each target of a batch, {@code [n]}. A batch without targets gives none.
   */
  public float[] logProbs(TokenBatch batch) {
    return passes.logProbs(batch);
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
    passes.differentiate(batch, gradientOf, gradients);
  }

  /**
   * A forward and a backward pass of a loss that is linear in the log-probabilities. Nothing waits
   * for the device.
   *
   * @param slope the loss's derivative with respect to each log-probability
   * @param gradients to add the trained tensors' gradients to
   * @param owner of the result
   * @return the log-probability of each target, {@code [n]}; empty where the batch has none
   */
  public Optional<NDArray> differentiate(
      TokenBatch batch, double slope, Gradients gradients, NDManager owner) {
    return passes.differentiate(batch, slope, gradients, owner);
  }

  @Override
  public void close() {
    passes.close();
    places.close();
  }
}
