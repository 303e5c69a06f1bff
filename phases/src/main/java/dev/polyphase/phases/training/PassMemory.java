package dev.polyphase.phases.training;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.BatchSize;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a forward and a backward pass hold at their worst moment, the gradients that they leave
 * included. The moments are the upper end, when all that is kept is there and no gradient but the
 * head's, and then each block on the way down, when what the blocks above kept has made way for
 * their gradients.
 *
 * <p>Letters: h hidden, i intermediate, q and k the query and the key heads' values; V words; T the
 * tokens of the pass, padding counted; c bytes of the compute's dtype.
 *
 * <ul>
 *   <li>What autograd keeps of a block (see {@code block.py}): its output and the sum in its
 *       middle, {@code 2hcT}; in bfloat16 both once more in float32, for the norms; the input of
 *       the projections where one of q, k, v, or of gate, up, is trained, {@code hcT} each; the
 *       turned queries and keys, the values and attention's output, {@code (2q + 2k) cT}, on the
 *       CPU {@code 4qcT} where keys and values are repeated for the query heads; attention's output
 *       once more where rows are packed and o is trained, {@code qcT}; normed queries and keys
 *       {@code 4(q + k) T} more; gate, its activation and up, {@code 3icT}, and their product where
 *       down is trained; trained weights in the compute's dtype, if that is another.
 *   <li>The backward pass of a block: gradients of three arrays of the MLP, {@code 3icT}, of the
 *       residual stream {@code 2hcT}, and of a norm in float32, {@code 16hT}; its trained weights'
 *       gradients. With a window shorter than the row a mask of {@code c + 3} bytes for each two
 *       positions; of packed rows for each position and each of the longest document.
 *   <li>Recomputed, a block keeps its input alone, {@code hcT}, and the above exists for one block
 *       at a time.
 *   <li>The upper end: {@link Transformer#tokensOfLogits} rows of logits at {@code 8V} bytes
 *       (float32) or {@code 10V} (otherwise); the normed rows and their gradients, {@code T h (8 +
 *       2c)}, every token taken to carry loss; a trained head in another dtype once more, and on
 *       GPUs a chunk's part of its gradient.
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
    if (trains(ModelLayout.EMBEDDING)) {
      boolean isThere = severalPasses || config.tiedHead();
      long own = isThere ? 0 : gradient(module(ModelLayout.EMBEDDING));
      // Its rows in float32 are added.
      long rows = stream() + 4 * batch.padded() * config.hiddenSize();
      peak = Math.max(peak, before + above + own + rows);
    }
    return peak;
  }

  private int lowestTrainedBlock() {
    if (trains(ModelLayout.EMBEDDING)) {
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
    long ofToken =
        computeBytes * (3L * config.intermediateSize() + 2L * config.hiddenSize())
            + 16L * config.hiddenSize();
    long backward = batch.padded() * ofToken + mask(layer) + converted(layer);
    return switch (activations) {
      case KEPT -> backward;
      case RECOMPUTED -> backward + graphOf(layer);
    };
  }

  /** One array of the residual stream. */
  private long stream() {
    return batch.padded() * config.hiddenSize() * computeBytes;
  }

  private long graphOf(int layer) {
    long hidden = config.hiddenSize();
    long inner = config.intermediateSize();
    long queries = (long) config.numHeads() * config.headDim();
    long keys = (long) config.numKeyValueHeads() * config.headDim();
    long streams = 2;
    streams += trainsAny(layer, "q_proj.weight", "k_proj.weight", "v_proj.weight") ? 1 : 0;
    streams += trainsAny(layer, "gate_proj.weight", "up_proj.weight") ? 1 : 0;
    streams += trainsAny(layer, "input_layernorm.weight") ? 1 : 0;
    streams += trainsAny(layer, "post_attention_layernorm.weight") ? 1 : 0;
    long ofToken = streams * hidden * computeBytes;
    ofToken += float32 ? 0 : 8 * hidden;
    boolean repeated = queries != keys && (onCpu || float32);
    ofToken += (repeated ? 4 * queries : 2 * queries + 2 * keys) * computeBytes;
    boolean packed = batch.longestDocument() < batch.tokens();
    ofToken += packed && trainsAny(layer, "o_proj.weight") ? queries * computeBytes : 0;
    ofToken += config.queryKeyNorm() ? 4 * (queries + keys) : 0;
    ofToken += (trainsAny(layer, "down_proj.weight") ? 4 : 3) * inner * computeBytes;
    ofToken += adaptersOf(layer);
    return batch.padded() * ofToken + converted(layer);
  }

  /** Trained weights of a block in the compute's dtype. */
  private long converted(int layer) {
    return converts ? gradient(layer) / GRADIENT_BYTES * computeBytes : 0;
  }

  /** On GPUs flash attention needs none. */
  private long mask(int layer) {
    if (!onCpu && !float32 && Transformer.needsNoMask(config)) {
      return 0;
    }
    int window = config.windows().get(layer);
    long longest = batch.longestDocument();
    return window > 0 && longest > window ? batch.tokens() * longest * (computeBytes + 3) : 0;
  }

  /** What the upper end needs beyond its weights, its gradients left out. */
  long upperEnd() {
    long logitRows = Math.min(Transformer.tokensOfLogits(!onCpu), batch.padded());
    long logits = logitRows * config.vocabSize() * (float32 ? 8 : 10);
    long rows = batch.padded() * config.hiddenSize() * (8 + 2L * computeBytes);
    boolean trained = !float32 && trains(layout.head());
    long head = trained ? gradient(module(layout.head())) / GRADIENT_BYTES * computeBytes : 0;
    return logits + rows + (converts ? head : 0) + (onCpu ? 0 : head);
  }

  private boolean trains(String name) {
    return parts.tensors().contains(name);
  }

  private boolean trainsAny(int layer, String... roles) {
    Map<String, Parameter> block = layout.block(layer);
    for (String role : roles) {
      Parameter parameter = block.get(role);
      // Autograd needs a layer's input for the gradient of an adapter as for that of the weight.
      if (parameter != null
          && (trains(parameter.name()) || parts.adapters().adapt(parameter.name()))) {
        return true;
      }
    }
    return false;
  }

  /** What adapters keep of a token: their inner values, and what dropout made of their inputs. */
  private long adaptersOf(int layer) {
    Adapters adapters = parts.adapters();
    long values = 0;
    for (Parameter parameter : layout.block(layer).values()) {
      if (adapters.adapt(parameter.name())) {
        long inputs = adapters.dropout() > 0 ? parameter.shape().get(1) : 0;
        values += adapters.rank() + 2 * inputs;
      }
    }
    return values * computeBytes;
  }

  private long gradient(int layer) {
    return gradient("model.layers." + layer + ".");
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
