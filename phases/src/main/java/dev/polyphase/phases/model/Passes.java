package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.data.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A model's forward and backward passes, through the blocks and both ends. The backward pass goes
 * block by block, and touches nothing below the lowest trained tensor.
 */
final class Passes implements AutoCloseable {
  private final Places places;
  private final Weights weights;
  private final DropoutSeeds dropoutSeeds;
  private final Blocks blocks;
  private final Ends ends;
  private final List<RotaryTable> rotaries = new ArrayList<>();
  private final NDArray computeLike;
  private final int hiddenSize;
  private boolean trainsEmbedding;
  private int lowestTrainedBlock;
  private @Nullable EmbeddingNoise noise;

  Passes(
      Places places,
      ModelConfig config,
      ModelLayout layout,
      Weights weights,
      Adapters adapters,
      Activations activations,
      Precision precision) {
    this.places = places;
    this.weights = weights;
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
    this.hiddenSize = config.hiddenSize();
    retarget();
  }

  /** To be called when other tensors are trained than before. */
  void retarget() {
    trainsEmbedding = weights.trains(ModelLayout.EMBEDDING);
    lowestTrainedBlock = trainsEmbedding ? 0 : blocks.lowestTrained();
  }

  void addNoise(EmbeddingNoise ofTraining) {
    noise = ofTraining;
  }

  void startStep(long index) {
    dropoutSeeds.startStep(index);
    if (noise != null) {
      noise.startStep(index);
    }
  }

  float[][] logits(TokenBatch batch) {
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

  float[] logProbs(TokenBatch batch) {
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

  void differentiate(TokenBatch batch, Function<float[], float[]> gradientOf, Gradients gradients) {
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

  Optional<NDArray> differentiate(
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
  }

  private NDManager newScratch() {
    return places.manager(places.ofEmbedding()).newSubManager();
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
