package dev.polyphase.phases.training;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.BlockPass;
import dev.polyphase.phases.model.DecoderBlock;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Placement;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.BatchSize;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.ToLongFunction;

/**
 * What a forward and a backward pass hold at their worst moment, the gradients that they leave
 * included. The moments are the upper end, when all that is kept is there and no gradient but the
 * head's, and then each block on the way down, when what the blocks above kept has made way for
 * their gradients.
 *
 * <p>Letters: h hidden; V words; T the tokens of the pass, padding counted; c bytes of the
 * compute's dtype.
 *
 * <ul>
 *   <li>What is kept of a block, and what its backward pass needs, the block's parts say ({@link
 *       DecoderBlock}). Beside these there are in the backward pass the trained weights in the
 *       compute's dtype, if that is another, what an adapter's dropout made of its input twice, one
 *       adapter at a time, and the gradients of what is trained. A block of experts keeps such
 *       weights and inputs, and its adapters' inner values.
 *   <li>Recomputed, a block keeps its input alone, {@code hcT}, and the above exists for one block
 *       at a time. Which blocks are, a {@link Placement} says.
 *   <li>The upper end: {@link Transformer#tokensOfLogits} rows of logits at {@code 8V} bytes
 *       (float32) or {@code 10V} (otherwise), {@code 4V} more where they are capped; the normed
 *       rows and their gradients, {@code T h (8 + 2c)}, every token taken to carry loss; of a
 *       trained head in 16 bits the gradients of {@link Transformer#tokensOfLogitGradients} rows of
 *       logits, and their product where it is added to a sum.
 * </ul>
 */
final class PassMemory {
  private final ModelConfig config;
  private final ModelLayout layout;
  private final Trainable parts;
  private final List<Parameter> trained;
  private final TrainedBytes bytes;
  private final boolean onCpu;
  private final boolean float32;
  private final int computeBytes;
  private final BatchSize batch;
  private final long[] gradients;
  private final long[] converted;
  private final int lowestTrained;

  PassMemory(
      ModelConfig config,
      Trainable parts,
      ComputeSettings compute,
      TrainedBytes bytes,
      BatchSize batch) {
    this.config = config;
    this.layout = new ModelLayout(config);
    this.parts = parts;
    this.trained = new ArrayList<>(parts.adapters().parameters(layout));
    layout.parameters().stream()
        .filter(parameter -> parts.tensors().contains(parameter.name()))
        .forEach(trained::add);
    this.bytes = bytes;
    this.onCpu = compute.onCpu();
    this.float32 = compute.precision() == Precision.FLOAT32;
    this.computeBytes = compute.precision().elementType().bytes();
    this.batch = batch;
    this.gradients = ofBlocks(bytes::gradient);
    this.converted = ofBlocks(bytes::converted);
    this.lowestTrained = lowestTrainedBlock();
  }

  /**
   * The bytes of the worst moment, of the blocks and ends of some places.
   *
   * @param placement where they are, and which blocks are kept
   * @param here the places
   * @param severalPasses whether the gradients of passes before are there as well
   */
  long peakBytes(Placement placement, IntPredicate here, boolean severalPasses) {
    boolean withHead = here.test(placement.ofHead(layout));
    long kept = keptOf(placement, here);
    // Gradients of passes before are all there; new ones are added to them one block at a time, and
    // those of the ends in place.
    long before = severalPasses ? gradientsOf(placement, here) : 0;
    long above = withHead && !severalPasses ? gradient(layout.head()) : 0;
    long peak = before + kept + (withHead ? upperEnd(severalPasses) : 0) + above;
    for (int layer = config.numLayers() - 1; layer >= lowestTrained; layer--) {
      if (here.test(placement.ofBlock(layer))) {
        long own = gradients[layer];
        peak = Math.max(peak, before + above + kept + backwardOf(layer, placement) + own);
        kept -= keptOf(layer, placement);
        above += severalPasses ? 0 : own;
      }
    }
    if (trains(layout.embedding()) && here.test(placement.ofEmbedding())) {
      boolean isThere = severalPasses || config.tiedHead();
      long own = isThere ? 0 : gradient(layout.embedding());
      // Its rows in float32 are added, and where they are multiplied they are there twice.
      long arrays = config.ends().embedding() == 1 ? 1 : 2;
      long rows = stream() + arrays * 4 * batch.padded() * config.hiddenSize();
      peak = Math.max(peak, before + above + own + rows);
    }
    return peak;
  }

  /** The bytes of the gradients of all that is trained in some places. */
  long gradientsOf(Placement placement, IntPredicate here) {
    return trained.stream()
        .filter(parameter -> here.test(placement.of(parameter.name(), layout)))
        .mapToLong(bytes::gradient)
        .sum();
  }

  /**
   * What a forward pass holds of which nothing is kept: a block of these places at work, or the
   * upper end.
   */
  long forwardBytes(Placement placement, IntPredicate here) {
    long most = here.test(placement.ofHead(layout)) ? upperEnd(false) : 0;
    for (int layer = 0; layer < config.numLayers(); layer++) {
      if (here.test(placement.ofBlock(layer))) {
        most = Math.max(most, stream() + graphOf(layer));
      }
    }
    return most;
  }

  /** How many blocks are kept. */
  int kept(Placement placement) {
    int kept = 0;
    for (int layer = lowestTrained; layer < config.numLayers(); layer++) {
      kept += placement.ofBackward(layer) == Activations.KEPT ? 1 : 0;
    }
    return kept;
  }

  /** The backward pass goes through the blocks from this one on. */
  int lowestTrained() {
    return lowestTrained;
  }

  private int lowestTrainedBlock() {
    if (trains(layout.embedding())) {
      return 0;
    }
    for (int layer = 0; layer < config.numLayers(); layer++) {
      if (gradients[layer] > 0) {
        return layer;
      }
    }
    return config.numLayers();
  }

  /** What is kept of a pass at some places, when it is most. */
  long keptOf(Placement placement, IntPredicate here) {
    long kept = 0;
    for (int layer = lowestTrained; layer < config.numLayers(); layer++) {
      kept += here.test(placement.ofBlock(layer)) ? keptOf(layer, placement) : 0;
    }
    return kept;
  }

  /** What is kept of a block between its forward and its backward pass. */
  long keptOf(int layer, Placement placement) {
    if (layer < lowestTrained) {
      return 0;
    }
    return placement.ofBackward(layer) == Activations.KEPT ? graphOf(layer) : stream();
  }

  /** What a block's backward pass needs beyond that, its gradients left out. */
  private long backwardOf(int layer, Placement placement) {
    long backward = block(layer).backwardBytes(pass(layer)) + converted[layer] + droppingOf(layer);
    return placement.ofBackward(layer) == Activations.KEPT ? backward : backward + graphOf(layer);
  }

  /** One array of the residual stream. */
  private long stream() {
    return batch.padded() * config.hiddenSize() * computeBytes;
  }

  /** What is kept of a block. */
  private long graphOf(int layer) {
    long kept = block(layer).savedBytes(pass(layer));
    // Written-out derivatives convert weights and compute adapters again; autograd keeps both.
    return block(layer).keepsConverted() ? kept + adaptersOf(layer) + converted[layer] : kept;
  }

  private DecoderBlock block(int layer) {
    return config.blocks().get(layer);
  }

  private BlockPass pass(int layer) {
    Set<String> roles = new HashSet<>();
    layout
        .block(layer)
        .forEach(
            (role, parameter) -> {
              if (trains(parameter.name()) || parts.adapters().adapt(parameter.name())) {
                roles.add(role);
              }
            });
    return new BlockPass(
        batch.rows(),
        batch.tokens(),
        batch.longestDocument(),
        batch.prefixTokens(),
        batch.prefixedPairs(),
        computeBytes,
        onCpu,
        roles);
  }

  /** What the upper end needs beyond its weights, its gradients left out. */
  long upperEnd(boolean severalPasses) {
    long normedRows = batch.padded() * config.hiddenSize() * (8 + 2L * computeBytes);
    return ofLogits() + normedRows + ofTrainedHead(severalPasses);
  }

  private long ofLogits() {
    int vocabulary = config.vocabSize();
    long rows = Math.min(Transformer.tokensOfLogits(!onCpu, vocabulary), batch.padded());
    long ofLogit = float32 ? 8 : 10;
    // The slope of a cap.
    ofLogit += config.ends().logitCap() > 0 ? 4 : 0;
    return rows * vocabulary * ofLogit;
  }

  /**
   * A trained head in the compute's dtype where its master is of another; in 16 bits the gradients
   * of a group's logits, and the group's product where it is added to a sum.
   */
  private long ofTrainedHead(boolean severalPasses) {
    long ofHead = 0;
    for (Parameter parameter : trained) {
      if (parameter.name().equals(layout.head())) {
        ofHead += bytes.converted(parameter);
        if (!float32) {
          int group =
              Transformer.tokensOfLogitGradients(!onCpu, Precision.BFLOAT16, config.vocabSize());
          long rows = Math.min(group, batch.padded());
          boolean oneAndOnly = !severalPasses && rows == batch.padded() && !config.tiedHead();
          ofHead += rows * config.vocabSize() * computeBytes;
          ofHead += oneAndOnly ? 0 : parameter.values() * computeBytes;
        }
      }
    }
    return ofHead;
  }

  private boolean trains(String name) {
    return parts.tensors().contains(name);
  }

  /** What adapters keep: their inner values, and what dropout made of their inputs. */
  private long adaptersOf(int layer) {
    Adapters adapters = parts.adapters();
    double values = 0;
    for (Map.Entry<String, Parameter> weight : layout.block(layer).entrySet()) {
      Parameter parameter = weight.getValue();
      if (adapters.adapt(parameter.name())) {
        long inputs = adapters.dropout() > 0 ? parameter.shape().get(1) : 0;
        values += block(layer).shareOfTokens(weight.getKey()) * (adapters.rank() + 2 * inputs);
      }
    }
    return ((long) (batch.padded() * values)) * computeBytes;
  }

  /** Of each block the sum over what is trained of it. */
  private long[] ofBlocks(ToLongFunction<Parameter> bytesOf) {
    long[] sums = new long[config.numLayers()];
    for (Parameter parameter : trained) {
      OptionalInt block = ModelLayout.blockOf(parameter.name());
      if (block.isPresent()) {
        sums[block.getAsInt()] += bytesOf.applyAsLong(parameter);
      }
    }
    return sums;
  }

  /** What dropout made of the largest input of an adapter, and the mask. */
  private long droppingOf(int layer) {
    Adapters adapters = parts.adapters();
    if (adapters.dropout() == 0 || block(layer).keepsConverted()) {
      return 0;
    }
    long inputs =
        layout.block(layer).values().stream()
            .filter(weight -> adapters.adapt(weight.name()))
            .mapToLong(weight -> weight.shape().get(1))
            .max()
            .orElse(0);
    return 2 * inputs * batch.padded() * computeBytes;
  }

  /** The bytes of the gradients of an end's weight, or of its adapter. */
  private long gradient(String weight) {
    String module = weight.substring(0, weight.lastIndexOf('.') + 1);
    return trained.stream()
        .filter(parameter -> parameter.name().startsWith(module))
        .mapToLong(bytes::gradient)
        .sum();
  }
}
