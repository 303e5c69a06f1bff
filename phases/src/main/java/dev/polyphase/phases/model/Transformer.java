package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A decoder-only transformer in memory: its forward and backward passes, through the blocks and
 * both ends. The backward pass goes block by block, and touches nothing below the lowest trained
 * tensor.
 *
 * <p>Not for several threads at once.
 */
public final class Transformer implements AutoCloseable {
  private final Devices devices;
  private final Weights weights;
  private final String embedding;
  private final String finalNorm;
  private final ModelTensors tensors;
  private final DropoutSeeds dropoutSeeds;
  private final Blocks blocks;
  private final Ends ends;
  private final List<Positions> positionsOfDevices = new ArrayList<>();
  private final NDArray computeLike;
  private final @Nullable Kernel routingKernel;
  private final double routingLossWeight;
  private final int hiddenSize;
  private boolean trainsEmbedding;
  private int lowestTrainedBlock;
  private @Nullable EmbeddingNoise noise;

  private Transformer(Devices devices, Weights weights, ModelConfig config, Placement placement) {
    ModelLayout layout = new ModelLayout(config);
    Adapters adapters = weights.trainable().adapters();
    this.devices = devices;
    this.weights = weights;
    this.embedding = layout.embedding();
    this.finalNorm = layout.finalNorm();
    this.tensors = weights.tensors();
    this.dropoutSeeds = new DropoutSeeds(adapters);
    this.blocks =
        new Blocks(
            layer -> devices.manager(devices.ofBlock(layer)),
            config,
            layout,
            tensors,
            adapters,
            placement.activations());
    this.ends =
        new Ends(
            devices.manager(devices.ofHead()),
            config,
            layout,
            tensors,
            adapters,
            placement.precision());
    for (int device = 0; device < devices.managers().size(); device++) {
      positionsOfDevices.add(
          new Positions(devices.manager(device), devices.uploads(device), ropes(config, device)));
    }
    int first = devices.ofEmbedding();
    this.computeLike = devices.store(first).like(devices.manager(first), placement.precision());
    this.hiddenSize = config.hiddenSize();
    this.routingLossWeight = config.routingLossWeight();
    this.routingKernel =
        routingLossWeight > 0
            ? Kernel.load(devices.manager(first), Transformer.class, "routing.py", Map.of())
            : null;
    lookAtTrained();
  }

  /**
   * Loads a model.
   *
   * @param trainable what is trained; it gets float32 masters
   */
  public static Transformer load(
      Checkpoint checkpoint, ModelConfig config, Trainable trainable, Placement placement)
      throws IOException {
    ModelLayout layout = new ModelLayout(config);
    layout.check(checkpoint);
    Devices devices = new Devices(placement, layout);
    try {
      Weights weights = Weights.load(devices, checkpoint, layout, trainable, placement.precision());
      return new Transformer(devices, weights, config, placement);
    } catch (IOException | RuntimeException e) {
      devices.close();
      throw e;
    }
  }

  /** Loads a model of which nothing is trained. */
  public static Transformer load(
      Checkpoint checkpoint, ModelConfig config, String device, Precision precision)
      throws IOException {
    return load(
        checkpoint,
        config,
        Trainable.nothing(),
        Placement.on(device, precision, Activations.RECOMPUTED));
  }

  /** The tokens whose logits exist at a time. */
  public static int tokensOfLogits(boolean onGpu) {
    return Ends.chunkTokens(onGpu);
  }

  /** The owner of what lives as long as the model, on the head's device, where losses are. */
  public NDManager ofHead() {
    return devices.manager(devices.ofHead());
  }

  /** Brings a step's small arrays to the head's device. */
  public Uploads uploadsToHead() {
    return devices.uploads(devices.ofHead());
  }

  /** Where it is. */
  public Devices devices() {
    return devices;
  }

  /** Whether its blocks are computed again in the backward pass. */
  public boolean recomputes() {
    return blocks.recompute();
  }

  /** Its weights, frozen and trained. */
  public Weights weights() {
    return weights;
  }

  /** What of it is trained; writing to masters trains it. */
  public TrainedTensors trained() {
    return weights.trained();
  }

  /** A manager for the arrays of one step, whatever their device, to be closed at its end. */
  public NDManager newScratch() {
    return devices.manager(devices.ofEmbedding()).newSubManager();
  }

  /**
   * Trains other tensors from now on; adapters stay. Masters that stay keep their values to the
   * bit, what enters or leaves has its values from the checkpoint, and so has what is frozen and
   * lies elsewhere there.
   *
   * @param present the weights as they stand, the tensors of the model's own checkpoint
   * @param next what is trained, all rows of it
   */
  public void retarget(Checkpoint present, Trainable next) throws IOException {
    weights.retarget(present, next);
    lookAtTrained();
  }

  /**
   * Keeps the model as it was loaded as a reference for what it becomes, the adapters without
   * effect. What is frozen serves both; of what is trained, now or after a {@link #retarget}, the
   * reference has arrays of its own in the compute's dtype, with the values of the checkpoint that
   * the model was loaded from. So it is the same to the bit after a resume. Once is enough.
   */
  public void keepReference() throws IOException {
    weights.keepReference();
  }

  /**
   * Computes with the kept reference: {@link #logProbs} and {@link #logits} are then its own.
   * Nothing may be differentiated meanwhile.
   *
   * @throws IllegalStateException where no reference is kept
   */
  public <T> T withReference(Supplier<T> computation) {
    return weights.showingReference(computation);
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

  private void lookAtTrained() {
    trainsEmbedding = trained().contains(embedding);
    lowestTrainedBlock = trainsEmbedding ? 0 : blocks.lowestTrained();
  }

  /** The logits of every position, {@code [batch * seq][vocabulary]}, for small inputs. */
  public float[][] logits(TokenBatch batch) {
    try (NDManager scratch = newScratch()) {
      NDArray embedded = ends.embed(ids(batch, scratch), computeLike, scratch);
      NDArray last =
          throughFrozen(blocks.count(), embedded, positions(batch, scratch), null, scratch);
      long[] all = new long[batch.batch() * batch.seq()];
      Arrays.setAll(all, i -> i);
      NDArray positions = longs(deviceOfLast(), scratch, all);
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
      return figures(batch, HeadFigures.NONE, scratch).logProbs().toFloatArray();
    }
  }

  /**
   * What the head says of each target of a batch, which has one. Nothing waits for the device.
   *
   * @param owner of the result
   */
  public TargetFigures figures(TokenBatch batch, HeadFigures wanted, NDManager owner) {
    return figures(batch, wanted, null, owner);
  }

  /**
   * The same, and a loss of routing hears of the pass.
   *
   * @param owner of the result, and of what the loss heard
   */
  public TargetFigures figures(
      TokenBatch batch, HeadFigures wanted, @Nullable RoutingLoss routing, NDManager owner) {
    try (NDManager scratch = newScratch()) {
      Pass pass = forward(batch, false, routing, owner, scratch);
      TargetFigures figures =
          ends.logProbs(pass.normed(), pass.targets(), wanted, pass.dropoutSeed(), scratch)
              .figures();
      figures.attach(owner);
      return figures;
    }
  }

  /**
   * A forward and a backward pass. Where the head is frozen the logits are computed once; where it
   * is trained its gradient needs the loss's, and they are computed again.
   *
   * @param batch without targets there is nothing to be done
   * @param wanted what the loss looks at beside log-probabilities
   * @param gradientOf given what the head says of each target, the loss's gradient with respect to
   *     each log-probability, {@code [n]} float32 on the head's device; what it leaves on the
   *     device nobody waits for
   * @param gradients to add the trained tensors' gradients to
   */
  public void differentiate(
      TokenBatch batch,
      HeadFigures wanted,
      Function<TargetFigures, NDArray> gradientOf,
      Gradients gradients) {
    if (batch.lossTokens() == 0) {
      return;
    }
    try (NDManager scratch = newScratch()) {
      Pass pass = forward(batch, true, gradients.routing(), gradients.owner(), scratch);
      NDArray gh;
      if (ends.trainsHead() || !belowHead()) {
        Ends.Said said =
            ends.logProbs(pass.normed(), pass.targets(), wanted, pass.dropoutSeed(), scratch);
        gh =
            ends.logProbsBackward(
                pass.normed(),
                pass.targets(),
                said.norms(),
                gradientOf.apply(said.figures()),
                pass.dropoutSeed(),
                belowHead(),
                gradients,
                scratch);
      } else {
        Ends.UnitGradient unit =
            ends.logProbsAndUnit(pass.normed(), pass.targets(), wanted, scratch);
        gh = ends.scaled(unit.ofInput(), gradientOf.apply(unit.figures()), scratch);
      }
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
      Pass pass = forward(batch, true, gradients.routing(), gradients.owner(), scratch);
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

  /**
   * The loss of routing of a step, where the model's configuration asks for one.
   *
   * @param passes how many passes with targets the step has
   */
  public RoutingLoss routingLoss(int passes) {
    return new RoutingLoss(routingLossWeight, passes);
  }

  @Override
  public void close() {
    if (routingKernel != null) {
      routingKernel.close();
    }
    blocks.close();
    ends.close();
    weights.close();
    devices.close();
  }

  /**
   * A forward pass up to the normed rows.
   *
   * @param loss of routing, which hears of the pass; null for nobody
   * @param owner of what it heard
   */
  private Pass forward(
      TokenBatch batch,
      boolean traced,
      @Nullable RoutingLoss loss,
      NDManager owner,
      NDManager scratch) {
    NDArray ids = ids(batch, scratch);
    @Nullable PassRouting routing =
        loss != null && loss.wanted() && routingKernel != null
            ? new PassRouting(routingKernel, devices, batch, loss, scratch)
            : null;
    List<Positions.OfPass> positions = positions(batch, scratch);
    long dropoutSeed = traced ? dropoutSeeds.next() : DropoutSeeds.NONE;
    List<Trace> traces = new ArrayList<>();
    NDArray last =
        traced
            ? throughBlocks(
                embedToTrain(batch, ids, scratch), positions, routing, dropoutSeed, traces, scratch)
            : throughFrozen(
                blocks.count(), ends.embed(ids, computeLike, scratch), positions, routing, scratch);
    NDArray targetPositions = longs(deviceOfLast(), scratch, toLongs(batch.targetPositions()));
    NDArray targets = longs(devices.ofHead(), scratch, toLongs(batch.targets()));
    if (routing != null) {
      routing.finish(owner, targets);
    }
    NDArray normed = ends.pick(last, targetPositions, scratch);
    return new Pass(
        ids, positions, routing, dropoutSeed, traces, last, targetPositions, targets, normed);
  }

  private NDArray embedToTrain(TokenBatch batch, NDArray ids, NDManager scratch) {
    if (noise == null) {
      return ends.embed(ids, computeLike, scratch);
    }
    NDArray bounds =
        noise.bounds(batch, hiddenSize, devices.uploads(devices.ofEmbedding()), scratch);
    return ends.embedWithNoise(ids, computeLike, bounds, noise.nextSeed(), scratch);
  }

  /** Runs all blocks. Traces from the lowest trained one on go into {@code traces}. */
  private NDArray throughBlocks(
      NDArray embedded,
      List<Positions.OfPass> positions,
      @Nullable PassRouting routing,
      long dropoutSeed,
      List<Trace> traces,
      NDManager scratch) {
    NDArray x = throughFrozen(lowestTrainedBlock, embedded, positions, routing, scratch);
    for (int layer = lowestTrainedBlock; layer < blocks.count(); layer++) {
      boolean ofInput = wantsGradientOfInput(layer);
      Trace trace =
          blocks.traced(layer, x, at(layer, positions), dropoutSeed, routing, ofInput, scratch);
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
      int end,
      NDArray embedded,
      List<Positions.OfPass> positions,
      @Nullable PassRouting routing,
      NDManager scratch) {
    NDArray x = embedded;
    for (int layer = 0; layer < end; layer++) {
      NDArray y = blocks.forward(layer, x, at(layer, positions), routing, scratch);
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
      Positions.OfPass positions = at(layer, pass.positions());
      NDArray next =
          blocks.backward(
              layer,
              trace,
              positions,
              pass.dropoutSeed(),
              gx,
              pass.routing(),
              ofInput,
              gradients,
              scratch);
      if (ofInput) {
        gx.close();
      }
      gx = next;
    }
    if (trainsEmbedding) {
      ends.embedBackward(pass.ids(), gx, gradients, scratch);
    }
  }

  /** Where the tokens are, for each device. */
  private List<Positions.OfPass> positions(TokenBatch batch, NDManager scratch) {
    List<Positions.OfPass> ofPass = new ArrayList<>();
    for (int device = 0; device < positionsOfDevices.size(); device++) {
      ofPass.add(positionsOfDevices.get(device).of(batch, devices.scratch(device, scratch)));
    }
    return ofPass;
  }

  private Positions.OfPass at(int layer, List<Positions.OfPass> ofPass) {
    return ofPass.get(devices.ofBlock(layer));
  }

  /** Of the blocks on a device. */
  private Set<Rope> ropes(ModelConfig config, int device) {
    Set<Rope> ropes = new LinkedHashSet<>();
    for (int layer = 0; layer < config.numLayers(); layer++) {
      if (devices.ofBlock(layer) == device) {
        ropes.add(config.blocks().get(layer).attention().rope());
      }
    }
    return ropes;
  }

  /** Of the last block's output; of a model without blocks, of the embedding's. */
  private int deviceOfLast() {
    return blocks.count() > 0 ? devices.ofBlock(blocks.count() - 1) : devices.ofEmbedding();
  }

  private boolean wantsGradientOfInput(int layer) {
    return layer > lowestTrainedBlock || trainsEmbedding;
  }

  private boolean belowHead() {
    return belowNorm() || trained().contains(finalNorm);
  }

  private boolean belowNorm() {
    return trainsEmbedding || lowestTrainedBlock < blocks.count();
  }

  private NDArray ids(TokenBatch batch, NDManager scratch) {
    return devices
        .uploads(devices.ofEmbedding())
        .of(scratch, toLongs(batch.ids()), batch.batch(), batch.seq());
  }

  private NDArray longs(int device, NDManager scratch, long[] values) {
    return devices.uploads(device).of(scratch, values, values.length);
  }

  private static long[] toLongs(int[] values) {
    return Arrays.stream(values).asLongStream().toArray();
  }
}
