package dev.polyphase.phases.model;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
  private final ModelLayout layout;
  private final DropoutSeeds dropoutSeeds;
  private final Blocks blocks;
  private final Ends ends;
  private final LowerEnd lower;
  private final List<Stage> stages;
  private final Pipeline pipeline;
  private final @Nullable Kernel routingKernel;
  private final double routingLossWeight;
  private TrainedDepth depth;

  private Transformer(Devices devices, Weights weights, ModelConfig config, Placement placement) {
    Adapters adapters = weights.trainable().adapters();
    this.devices = devices;
    this.weights = weights;
    this.layout = new ModelLayout(config);
    this.dropoutSeeds = new DropoutSeeds(adapters);
    this.blocks =
        new Blocks(
            layer -> devices.manager(devices.ofBlock(layer)),
            config,
            layout,
            weights.tensors(),
            adapters,
            placement::ofBackward);
    this.ends =
        new Ends(
            devices.manager(devices.ofHead()),
            config,
            layout,
            weights.tensors(),
            adapters,
            placement.precision());
    this.lower = new LowerEnd(ends, devices, placement.precision(), config.hiddenSize());
    this.stages = Stage.of(devices, blocks, config, lower, ends);
    this.pipeline = new Pipeline(devices, stages);
    this.routingLossWeight = config.routingLossWeight();
    this.routingKernel =
        routingLossWeight > 0
            ? Kernel.load(
                devices.manager(devices.ofEmbedding()), Transformer.class, "routing.py", Map.of())
            : null;
    this.depth = trainedDepth();
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
  public static int tokensOfLogits(boolean onGpu, int vocabulary) {
    return Ends.chunkTokens(onGpu, vocabulary);
  }

  /** The tokens whose logits' gradients exist at a time where the head is trained. */
  public static int tokensOfLogitGradients(boolean onGpu, Precision precision, int vocabulary) {
    return Ends.groupTokens(onGpu, precision, vocabulary);
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
    depth = trainedDepth();
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
    lower.addNoise(ofTraining);
  }

  /** Begins an optimiser step, from whose number follow the noise and what adapters drop. */
  public void startStep(long index) {
    dropoutSeeds.startStep(index);
    lower.startStep(index);
  }

  private TrainedDepth trainedDepth() {
    boolean embedding = trained().contains(layout.embedding());
    return new TrainedDepth(
        embedding,
        embedding ? 0 : blocks.lowestTrained(),
        blocks.count(),
        trained().contains(layout.finalNorm()));
  }

  /** The logits of every position, {@code [batch * seq][vocabulary]}, for small inputs. */
  public float[][] logits(TokenBatch batch) {
    try (Pass pass = new Pass(batch, newScratch(), null, null)) {
      NDArray logits = upThrough(pass).logits(pass);
      int vocabulary = (int) logits.getShape().get(1);
      float[] flat = logits.toFloatArray();
      float[][] rows = new float[flat.length / vocabulary][];
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
    NDManager scratch = newScratch();
    try (Pass pass = new Pass(batch, scratch, hearing(routing, batch, owner, scratch), null)) {
      TargetFigures figures = upThrough(pass).figures(pass, wanted);
      figures.attach(owner);
      return figures;
    }
  }

  /**
   * A forward and a backward pass.
   *
   * @param batch without targets there is nothing to be done
   * @param wanted what the loss looks at beside log-probabilities
   * @param gradientOf as {@link PassLoss.Computed} has it
   * @param gradients to add the trained tensors' gradients to
   */
  public void differentiate(
      TokenBatch batch,
      HeadFigures wanted,
      Function<TargetFigures, NDArray> gradientOf,
      Gradients gradients) {
    differentiate(List.of(new PassLoss.Computed(batch, wanted, gradientOf)), gradients);
  }

  /**
   * A forward and a backward pass of a loss that is linear in the log-probabilities.
   *
   * @param slope the loss's derivative with respect to each log-probability
   * @param gradients to add the trained tensors' gradients to
   * @param owner of the result
   * @return the log-probability of each target, {@code [n]}; empty where the batch has none
   */
  public Optional<NDArray> differentiate(
      TokenBatch batch, double slope, Gradients gradients, NDManager owner) {
    List<NDArray> found = new ArrayList<>();
    differentiate(
        List.of(
            new PassLoss.Linear(
                batch,
                slope,
                logProbs -> {
                  logProbs.attach(owner);
                  found.add(logProbs);
                })),
        gradients);
    return found.stream().findFirst();
  }

  /**
   * The forward and backward passes of a step, of which those at different places are at the same
   * time. Nothing waits for the device.
   *
   * @param losses of the step's micro-batches
   * @param gradients to add the trained tensors' gradients to; of each, those of micro-batches are
   *     added in their order
   */
  public void differentiate(List<PassLoss> losses, Gradients gradients) {
    List<PassLoss> passes = losses.stream().filter(loss -> loss.batch().lossTokens() > 0).toList();
    boolean overlap = pipeline.overlaps(passes.size());
    pipeline.run(
        passes.size(),
        // The first pass's gradients begin the sums in any case.
        number -> pass(passes.get(number), gradients, overlap && number > 0 && sharesTrainedHead()),
        dropoutSeeds.drop() || lower.draws());
  }

  /**
   * The loss of routing of a step, where the model's configuration asks for one.
   *
   * @param passes how many passes with targets the step has
   */
  public RoutingLoss routingLoss(int passes) {
    return new RoutingLoss(routingLossWeight, passes);
  }

  /** What takes passes through the stages. */
  Pipeline pipeline() {
    return pipeline;
  }

  @Override
  public void close() {
    pipeline.close();
    if (routingKernel != null) {
      routingKernel.close();
    }
    blocks.close();
    ends.close();
    weights.close();
    devices.close();
  }

  private Pass pass(PassLoss loss, Gradients gradients, boolean putsHeadOff) {
    NDManager scratch = newScratch();
    return new Pass(
        loss.batch(),
        scratch,
        hearing(gradients.routing(), loss.batch(), gradients.owner(), scratch),
        new Differentiation(
            loss, gradients, depth, dropoutSeeds.next(), lower.nextSeed(), putsHeadOff));
  }

  /** Whether the head is the embedding, which is trained, and lies apart from the last blocks. */
  private boolean sharesTrainedHead() {
    return layout.head().equals(layout.embedding())
        && depth.embedding()
        && stages.get(0).upper() == null;
  }

  /**
   * What routers say of a pass.
   *
   * @param loss of routing, which hears of it; null for nobody
   * @param owner of what it hears
   */
  private @Nullable PassRouting hearing(
      @Nullable RoutingLoss loss, TokenBatch batch, NDManager owner, NDManager scratch) {
    return loss != null && loss.wanted() && routingKernel != null
        ? new PassRouting(routingKernel, devices, batch, loss, owner, scratch)
        : null;
  }

  /** A pass without a way back, up to the model's upper end. */
  private UpperEnd upThrough(Pass pass) {
    stages.forEach(stage -> stage.forward(pass));
    return requireNonNull(stages.get(stages.size() - 1).upper());
  }
}
