package dev.polyphase.phases.training;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.BlockPass;
import dev.polyphase.phases.model.DecoderBlock;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.BatchSize;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
 *   <li>What autograd keeps of a block, and what its backward pass needs, the block's parts say
 *       ({@link DecoderBlock}). Beside these there are the trained weights in the compute's dtype,
 *       if that is another, for an adapter its inner values and what dropout made of its input
 *       twice, and the gradients of what is trained.
 *   <li>Recomputed, a block keeps its input alone, {@code hcT}, and the above exists for one block
 *       at a time.
 *   <li>The upper end: {@link Transformer#tokensOfLogits} rows of logits at {@code 8V} bytes
 *       (float32) or {@code 10V} (otherwise), {@code 4V} more where they are capped; the normed
 *       rows and their gradients, {@code T h (8 + 2c)}, every token taken to carry loss; a trained
 *       head in another dtype once more, and on GPUs a chunk's part of its gradient.
 * </ul>
 */
final class PassMemory {
  /** float32: a gradient's. */
  private static final int GRADIENT_BYTES = 4;

  private final ModelConfig config;
  private final ModelLayout layout;
  private final Trainable parts;
  private final List<Parameter> trained;
  private final boolean onCpu;
  private final boolean float32;
  private final boolean converts;
  private final int computeBytes;
  private final BatchSize batch;
  private final Activations activations;

  PassMemory(
      ModelConfig config,
      Trainable parts,
      ComputeSettings compute,
      boolean mastersOnHost,
      BatchSize batch,
      Activations activations) {
    this.config = config;
    this.layout = new ModelLayout(config);
    this.parts = parts;
    this.trained = new ArrayList<>(parts.adapters().parameters(layout));
    layout.parameters().stream()
        .filter(parameter -> parts.tensors().contains(parameter.name()))
        .forEach(trained::add);
    this.onCpu = compute.onCpu();
    this.float32 = compute.precision() == Precision.FLOAT32;
    // Masters of another dtype are converted where they are used; copies of them need not be.
    this.converts = !float32 && !mastersOnHost;
    this.computeBytes = compute.precision().elementType().bytes();
    this.batch = batch;
    this.activations = activations;
  }

  /**
   * The bytes of the worst moment.
   *
   * @param severalPasses whether the gradients of passes before are there as well
   */
  long peakBytes(boolean severalPasses) {
    int lowest = lowestTrainedBlock();
    long kept = 0;
    for (int layer = lowest; layer < config.numLayers(); layer++) {
      kept += keptOf(layer);
    }
    // Gradients of passes before are all there; new ones are added to them one block at a time, and
    // those of the ends in place.
    long before = severalPasses ? gradient("") : 0;
    long above = severalPasses ? 0 : gradient(module(layout.head()));
    long peak = before + kept + upperEnd() + above;
    for (int layer = config.numLayers() - 1; layer >= lowest; layer--) {
      long own = gradient(layer);
      peak = Math.max(peak, before + above + kept + backwardOf(layer) + own);
      kept -= keptOf(layer);
      above += severalPasses ? 0 : own;
    }
    if (trains(layout.embedding())) {
      boolean isThere = severalPasses || config.tiedHead();
      long own = isThere ? 0 : gradient(module(layout.embedding()));
      // Its rows in float32 are added, and where they are multiplied they are there twice.
      long arrays = config.ends().embedding() == 1 ? 1 : 2;
      long rows = stream() + arrays * 4 * batch.padded() * config.hiddenSize();
      peak = Math.max(peak, before + above + own + rows);
    }
    return peak;
  }

  /** What a forward pass holds of which nothing is kept: a block at work, or the upper end. */
  long forwardBytes() {
    long most = upperEnd();
    for (int layer = 0; layer < config.numLayers(); layer++) {
      most = Math.max(most, stream() + graphOf(layer));
    }
    return most;
  }

  private int lowestTrainedBlock() {
    if (trains(layout.embedding())) {
      return 0;
    }
    for (int layer = 0; layer < config.numLayers(); layer++) {
      if (gradient(layer) > 0) {
        return layer;
      }
    }
    return config.numLayers();
  }

  /** What is kept of a block between its forward and its backward pass. */
  long keptOf(int layer) {
    if (layer < lowestTrainedBlock()) {
      return 0;
    }
    return switch (activations) {
      case KEPT -> graphOf(layer);
      case RECOMPUTED -> stream();
    };
  }

  /** What a block's backward pass needs beyond that, its gradients left out. */
  long backwardOf(int layer) {
    if (layer < lowestTrainedBlock()) {
      return 0;
    }
    long backward = block(layer).backwardBytes(pass(layer)) + converted(layer);
    return switch (activations) {
      case KEPT -> backward;
      case RECOMPUTED -> backward + graphOf(layer);
    };
  }

  /** One array of the residual stream. */
  private long stream() {
    return batch.padded() * config.hiddenSize() * computeBytes;
  }

  /** What autograd keeps of a block. */
  private long graphOf(int layer) {
    return block(layer).savedBytes(pass(layer)) + adaptersOf(layer) + converted(layer);
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

  /** Trained weights of a block in the compute's dtype. */
  private long converted(int layer) {
    return converts ? gradient(layer) / GRADIENT_BYTES * computeBytes : 0;
  }

  /** What the upper end needs beyond its weights, its gradients left out. */
  long upperEnd() {
    long logitRows = Math.min(Transformer.tokensOfLogits(!onCpu), batch.padded());
    long ofLogit = float32 ? 8 : 10;
    // The slope of a cap.
    ofLogit += config.ends().logitCap() > 0 ? 4 : 0;
    long logits = logitRows * config.vocabSize() * ofLogit;
    long rows = batch.padded() * config.hiddenSize() * (8 + 2L * computeBytes);
    boolean trained = !float32 && trains(layout.head());
    long head = trained ? gradient(module(layout.head())) / GRADIENT_BYTES * computeBytes : 0;
    return logits + rows + (converts ? head : 0) + (onCpu ? 0 : head);
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

  private long gradient(int layer) {
    return gradient(layout.prefix(layer));
  }

  /** The bytes of the gradients of all that is trained under a prefix of names. */
  private long gradient(String prefix) {
    return trained.stream()
        .filter(parameter -> parameter.name().startsWith(prefix))
        .mapToLong(parameter -> parameter.values() * GRADIENT_BYTES)
        .sum();
  }

  /** {@code lm_head.} of {@code lm_head.weight}. */
  private static String module(String weight) {
    return weight.substring(0, weight.lastIndexOf('.') + 1);
  }
}
