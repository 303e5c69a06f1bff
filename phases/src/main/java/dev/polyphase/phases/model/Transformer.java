package dev.polyphase.phases.model;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.phases.data.TokenBatch;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A decoder-only transformer in memory. The backward pass goes block by block, and touches nothing
 * below the lowest trained tensor.
 *
 * <p>Not for several threads at once.
 */
public final class Transformer implements AutoCloseable {
  private final Places places;
  private final Weights weights;
  private final Adapters adapters;
  private final DropoutSeeds dropoutSeeds;
  private final Blocks blocks;
  private final Ends ends;
  private final List<RotaryTable> rotaries = new ArrayList<>();
  private final NDArray computeLike;
  private final ModelLayout layout;
  private final Precision precision;
  private final int hiddenSize;
  private Checkpoint atRest;
  private boolean trainsEmbedding;
  private int lowestTrainedBlock;
  private @Nullable EmbeddingNoise noise;

  private Transformer(
      Places places,
      Checkpoint checkpoint,
      ModelConfig config,
      ModelLayout layout,
      Weights weights,
      Adapters adapters,
      Activations activations,
      Precision precision) {
    this.places = places;
    this.weights = weights;
    this.adapters = adapters;
    this.dropoutSeeds = new DropoutSeeds(adapters);
    this.blocks =
        new Blocks(
            layer -> places.manager(places.ofBlock(layer)),
            config,
            layout,
            weights,
            adapters,
            activations);
    this.ends = new Ends(places.manager(places.ofHead()), config, layout, weights, adapters);
    double[] frequencies = config.rope().frequencies(config.headDim());
    places.managers().forEach(place -> rotaries.add(new RotaryTable(place, frequencies)));
    int first = places.ofEmbedding();
    this.computeLike = places.store(first).like(places.manager(first), precision);
    this.layout = layout;
    this.precision = precision;
    this.hiddenSize = config.hiddenSize();
    this.atRest = checkpoint;
    findLowestTrained();
  }

  private void findLowestTrained() {
    trainsEmbedding = weights.trains(ModelLayout.EMBEDDING);
    lowestTrainedBlock = trainsEmbedding ? 0 : blocks.lowestTrained();
  }

  /**
   * Loads a model.
   *
   * @param trained the names of the tensors to train; they become float32 masters
   * @param adapters to train too; none for modules whose weight is trained
   * @param placement which part is on which device, named as in {@link Libtorch#newManager}
   * @param precision of the frozen weights and the compute
   * @param activations what backward passes are given
   * @param mastersAt where the masters are
   */
  public static Transformer load(
      Checkpoint checkpoint,
      ModelConfig config,
      Set<String> trained,
      Adapters adapters,
      Placement placement,
      Precision precision,
      Activations activations,
      MastersAt mastersAt)
      throws IOException {
    ModelLayout layout = new ModelLayout(config);
    layout.check(checkpoint);
    Places places = new Places(placement, layout, mastersAt);
    try {
      Weights weights = Weights.load(places, checkpoint, layout, trained, adapters, precision);
      return new Transformer(
          places, checkpoint, config, layout, weights, adapters, activations, precision);
    } catch (IOException | RuntimeException e) {
      places.close();
      throw e;
    }
  }

  /** Loads a model with its masters where it is. */
  public static Transformer load(
      Checkpoint checkpoint,
      ModelConfig config,
      Set<String> trained,
      Adapters adapters,
      Placement placement,
      Precision precision,
      Activations activations)
      throws IOException {
    return load(
        checkpoint, config, trained, adapters, placement, precision, activations, MastersAt.MODEL);
  }

  /** Loads a model onto one device. */
  public static Transformer load(
      Checkpoint checkpoint,
      ModelConfig config,
      Set<String> trained,
      Adapters adapters,
      String device,
      Precision precision,
      Activations activations)
      throws IOException {
    return load(
        checkpoint, config, trained, adapters, Placement.on(device), precision, activations);
  }

  /** Loads a model without adapters. */
  public static Transformer load(
      Checkpoint checkpoint,
      ModelConfig config,
      Set<String> trained,
      String device,
      Precision precision,
      Activations activations)
      throws IOException {
    return load(checkpoint, config, trained, Adapters.none(), device, precision, activations);
  }

  /** Loads a model of which nothing is trained. */
  public static Transformer load(
      Checkpoint checkpoint, ModelConfig config, String device, Precision precision)
      throws IOException {
    return load(checkpoint, config, Set.of(), device, precision, Activations.RECOMPUTED);
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
    findLowestTrained();
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
    noise = ofTraining;
  }

  /** Begins an optimiser step, from whose number follow the noise and what adapters drop. */
  public void startStep(long index) {
    dropoutSeeds.startStep(index);
    if (noise != null) {
      noise.startStep(index);
    }
  }

  /** The logits of every position, {@code [batch * seq][vocabulary]}, for small inputs. */
  public float[][] logits(TokenBatch batch) {
    try (NDManager scratch = newScratch()) {
      NDArray embedded = ends.embed(ids(batch, scratch), computeLike, scratch);
      NDArray last = throughFrozen(blocks.count(), embedded, positions(batch, scratch), scratch);
      long[] all = new long[batch.batch() * batch.seq()];
      Arrays.setAll(all, i -> i);
      NDArray positions = longs(placeOfLast(), scratch, all);
      NDArray logits = ends.logits(ends.pick(last, positions, scratch), scratch);
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
      Pass pass = forward(batch, false, scratch);
      return ends.logProbs(pass.normed(), pass.targets(), pass.dropoutSeed(), scratch)
          .get(0)
          .toFloatArray();
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
      NDList found = ends.logProbs(pass.normed(), pass.targets(), pass.dropoutSeed(), scratch);
      float[] values = gradientOf.apply(found.get(0).toFloatArray());
      NDArray gradient = places.uploads(places.ofHead()).of(scratch, values, values.length);
      NDArray gh =
          ends.logProbsBackward(
              pass.normed(),
              pass.targets(),
              found.get(1),
              gradient,
              pass.dropoutSeed(),
              belowHead(),
              gradients,
              scratch);
      backward(pass, gh, gradients, scratch);
    }
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
    if (batch.lossTokens() == 0) {
      return Optional.empty();
    }
    try (NDManager scratch = newScratch()) {
      Pass pass = forward(batch, true, scratch);
      NDList found =
          ends.logProbsBothWays(
              pass.normed(),
              pass.targets(),
              slope,
              pass.dropoutSeed(),
              belowHead(),
              gradients,
              scratch);
      NDArray logProbs = found.get(0);
      logProbs.attach(owner);
      backward(pass, belowHead() ? found.get(1) : null, gradients, scratch);
      return Optional.of(logProbs);
    }
  }

  @Override
  public void close() {
    blocks.close();
    ends.close();
    places.close();
  }

  private Pass forward(TokenBatch batch, boolean traced, NDManager scratch) {
    NDArray ids = ids(batch, scratch);
    List<RotaryTable.Slice> positions = positions(batch, scratch);
    long dropoutSeed = traced ? dropoutSeeds.next() : DropoutSeeds.NONE;
    List<Trace> traces = new ArrayList<>();
    NDArray last =
        traced
            ? throughBlocks(
                embedToTrain(batch, ids, scratch), positions, dropoutSeed, traces, scratch)
            : throughFrozen(
                blocks.count(), ends.embed(ids, computeLike, scratch), positions, scratch);
    NDArray targetPositions = longs(placeOfLast(), scratch, toLongs(batch.targetPositions()));
    NDArray targets = longs(places.ofHead(), scratch, toLongs(batch.targets()));
    NDArray normed = ends.pick(last, targetPositions, scratch);
    return new Pass(ids, positions, dropoutSeed, traces, last, targetPositions, targets, normed);
  }

  private NDArray embedToTrain(TokenBatch batch, NDArray ids, NDManager scratch) {
    if (noise == null) {
      return ends.embed(ids, computeLike, scratch);
    }
    NDArray bounds = noise.bounds(batch, hiddenSize, places.uploads(places.ofEmbedding()), scratch);
    return ends.embedWithNoise(ids, computeLike, bounds, noise.nextSeed(), scratch);
  }

  /** Runs all blocks. Traces from the lowest trained one on go into {@code traces}. */
  private NDArray throughBlocks(
      NDArray embedded,
      List<RotaryTable.Slice> positions,
      long dropoutSeed,
      List<Trace> traces,
      NDManager scratch) {
    NDArray x = throughFrozen(lowestTrainedBlock, embedded, positions, scratch);
    for (int layer = lowestTrainedBlock; layer < blocks.count(); layer++) {
      boolean ofInput = wantsGradientOfInput(layer);
      Trace trace = blocks.traced(layer, x, at(layer, positions), dropoutSeed, ofInput, scratch);
      if (layer == lowestTrainedBlock && trace instanceof Trace.Graph) {
        // The graph holds what it needs of it; above, it is another trace's output.
        x.close();
      }
      traces.add(trace);
      x = trace.output();
    }
    return x;
  }

  /** Runs the blocks below {@code end}, of which nothing is kept. */
  private NDArray throughFrozen(
      int end, NDArray embedded, List<RotaryTable.Slice> positions, NDManager scratch) {
    NDArray x = embedded;
    for (int layer = 0; layer < end; layer++) {
      NDArray y = blocks.forward(layer, x, at(layer, positions), scratch);
      x.close();
      x = y;
    }
    return x;
  }

  /**
   * From the normed rows down.
   *
   * @param gh their gradient; null where nothing below the head is trained
   */
  private void backward(Pass pass, @Nullable NDArray gh, Gradients gradients, NDManager scratch) {
    if (gh == null) {
      return;
    }
    NDArray gx =
        ends.pickBackward(pass.last(), pass.targetPositions(), gh, belowNorm(), gradients, scratch);
    gh.close();
    pass.normed().close();
    if (gx == null) {
      return;
    }
    for (int layer = blocks.count() - 1; layer >= lowestTrainedBlock; layer--) {
      Trace trace = pass.traces().get(layer - lowestTrainedBlock);
      boolean ofInput = wantsGradientOfInput(layer);
      RotaryTable.Slice positions = at(layer, pass.positions());
      NDArray next =
          blocks.backward(
              layer, trace, positions, pass.dropoutSeed(), gx, ofInput, gradients, scratch);
      if (ofInput) {
        gx.close();
      }
      gx = next;
    }
    if (trainsEmbedding) {
      ends.embedBackward(pass.ids(), gx, gradients, scratch);
    }
  }

  /** Where the tokens are, for each place. */
  private List<RotaryTable.Slice> positions(TokenBatch batch, NDManager scratch) {
    List<RotaryTable.Slice> positions = new ArrayList<>();
    for (int place = 0; place < rotaries.size(); place++) {
      NDManager ofPlace = places.scratch(place, scratch);
      positions.add(rotaries.get(place).of(batch, places.uploads(place), ofPlace));
    }
    return positions;
  }

  private RotaryTable.Slice at(int layer, List<RotaryTable.Slice> positions) {
    return positions.get(places.ofBlock(layer));
  }

  /** Of the last block's output; of a model without blocks, of the embedding's. */
  private int placeOfLast() {
    return blocks.count() > 0 ? places.ofBlock(blocks.count() - 1) : places.ofEmbedding();
  }

  private boolean wantsGradientOfInput(int layer) {
    return layer > lowestTrainedBlock || trainsEmbedding;
  }

  private boolean belowHead() {
    return belowNorm() || weights.trains(ModelLayout.FINAL_NORM);
  }

  private boolean belowNorm() {
    return trainsEmbedding || lowestTrainedBlock < blocks.count();
  }

  private NDArray ids(TokenBatch batch, NDManager scratch) {
    return places
        .uploads(places.ofEmbedding())
        .of(scratch, toLongs(batch.ids()), batch.batch(), batch.seq());
  }

  private NDArray longs(int place, NDManager scratch, long[] values) {
    return places.uploads(place).of(scratch, values, values.length);
  }

  private static long[] toLongs(int[] values) {
    return Arrays.stream(values).asLongStream().toArray();
  }
}
