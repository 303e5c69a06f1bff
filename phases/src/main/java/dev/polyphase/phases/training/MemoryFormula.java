package dev.polyphase.phases.training;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.BatchSize;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much memory a phase needs at its peak, counted from the kernels.
 *
 * <p>Letters: L blocks, the lowest that is trained being l (0 where the embedding is; L where none
 * is); h hidden, i intermediate, q and k the query and the key heads' values; V words; T tokens of
 * the largest forward pass, padding counted; c bytes of the compute's dtype; n trained values.
 *
 * <ul>
 *   <li>Weights: a frozen tensor has c bytes a value; on the CPU one whose file has the compute's
 *       dtype is mapped. Masters are 4n, AdamW's two moments 8n; where only some rows of a tensor
 *       are trained its moments are those rows', all else is the whole tensor's.
 *   <li>Gradients: 4n; where several forward passes make a step, and where a tied embedding gets a
 *       gradient from both ends, once more that of the largest of blocks, embedding and head, which
 *       is added when it is complete.
 *   <li>Kept between forward and backward pass: the inputs of the blocks from l on and the last
 *       output, {@code (L - l + 1) T h c}.
 *   <li>One block that is recomputed: {@code T (16h + c (5h + 3q + 2k + 7i))}: its two norms, half
 *       of them in float32; queries, keys, values, the output of attention and its transposed copy;
 *       both residual sums and the gradients that come and go; the four arrays of the MLP and the
 *       gradients of three. Queries and keys that are normed add {@code 8(q + k) T}; where keys and
 *       values are repeated for the query heads, as on the CPU, {@code 2qcT}; a window shorter than
 *       the row a mask of {@code (c + 3)} bytes for each two positions. Trained weights in another
 *       dtype than the compute's are there as c bytes, and so are their gradients.
 *   <li>Adapters of rank r are trained values, and the weights that they adapt frozen ones. A block
 *       with adapters has {@code T r c} for each of them, and where they drop inputs {@code 2 T c}
 *       for each value of their inputs; so has the upper end for an adapted head.
 *   <li>The upper end: {@link Transformer#TOKENS_OF_LOGITS} rows of logits at {@code 8V} bytes
 *       (float32) or {@code 10V} (otherwise), the normed rows and their gradients at {@code T h (16
 *       + 4c)}, every token taken to carry loss; a trained head in another dtype once more.
 * </ul>
 *
 * <p>The activations are what is kept and the larger of the last two. Left out: attention's own
 * working memory, which is linear in the row; evaluation, which keeps nothing; Java's heap, which
 * holds the rows; the libraries.
 */
final class MemoryFormula {
  private static final Pattern BLOCK = Pattern.compile("model\\.layers\\.(\\d+)\\..*");

  /** float32: the masters', their gradients' and each moment's. */
  private static final int MASTER_BYTES = 4;

  private final ModelConfig config;
  private final Set<String> trained;
  private final Adapters adapters;
  private final boolean cpu;
  private final Precision precision;
  private final int computeBytes;
  private final Map<String, Long> trainedValuesOfPart = new HashMap<>();
  private final Map<String, Long> adapterBytesOfPart = new HashMap<>();
  private int lowestBlock;

  private MemoryFormula(
      ModelConfig config, Set<String> trained, Adapters adapters, ComputeSettings compute) {
    this.config = config;
    this.trained = trained;
    this.adapters = adapters;
    this.cpu = compute.device().equals("cpu");
    this.precision = compute.precision();
    this.computeBytes = compute.precision().elementType().bytes();
    this.lowestBlock = config.numLayers();
  }

  /**
   * The need of a phase.
   *
   * @param checkpoint what the phase starts from, which fits the configuration
   * @param trained the names of the parameters to train
   * @param adapters to train too
   * @param optimizedValues the values that the optimizer changes: not all of those parameters'
   *     where only some rows are trained
   * @param largest its largest forward pass
   * @param severalPasses whether several forward passes make a step
   */
  static MemoryEstimate of(
      ModelConfig config,
      Checkpoint checkpoint,
      Set<String> trained,
      Adapters adapters,
      long optimizedValues,
      ComputeSettings compute,
      BatchSize largest,
      boolean severalPasses) {
    return new MemoryFormula(config, trained, adapters, compute)
        .add(checkpoint, optimizedValues, largest, severalPasses);
  }

  private MemoryEstimate add(
      Checkpoint checkpoint, long optimizedValues, BatchSize largest, boolean severalPasses) {
    long frozen = 0;
    long mapped = 0;
    long trainedValues = 0;
    ModelLayout layout = new ModelLayout(config);
    for (Parameter parameter : layout.parameters()) {
      TensorInfo tensor = checkpoint.find(parameter.name()).orElseThrow();
      if (trained.contains(parameter.name())) {
        trainedValues += tensor.elements();
        countTrained(parameter.name(), tensor.elements());
      } else if (cpu && Precision.of(tensor) == precision) {
        mapped += tensor.elements() * computeBytes;
      } else {
        frozen += tensor.elements() * computeBytes;
      }
    }
    for (Parameter parameter : adapters.parameters(layout)) {
      trainedValues += parameter.values();
      countTrained(parameter.name(), parameter.values());
      countAdapter(parameter);
    }
    return new MemoryEstimate(
        largest.rows(),
        largest.tokens(),
        frozen,
        mapped,
        trainedValues * MASTER_BYTES,
        optimizedValues * 2 * MASTER_BYTES,
        gradients(trainedValues, severalPasses),
        kept(largest) + Math.max(block(largest), upperEnd(largest)));
  }

  private void countTrained(String name, long values) {
    Matcher block = BLOCK.matcher(name);
    if (block.matches()) {
      lowestBlock = Math.min(lowestBlock, Integer.parseInt(block.group(1)));
    } else if (name.equals(ModelLayout.EMBEDDING)) {
      lowestBlock = 0;
    }
    trainedValuesOfPart.merge(part(name), values, Long::sum);
  }

  /** What an adapter keeps of a token, counted at its A {@code [r, in]}. */
  private void countAdapter(Parameter parameter) {
    if (parameter.name().endsWith(".lora_A.weight")) {
      long inputs = adapters.dropout() > 0 ? parameter.shape().get(1) : 0;
      long bytes = (adapters.rank() + 2 * inputs) * computeBytes;
      adapterBytesOfPart.merge(part(parameter.name()), bytes, Long::sum);
    }
  }

  /** A block's number, or the name of what is in none. */
  private static String part(String name) {
    Matcher block = BLOCK.matcher(name);
    return block.matches() ? block.group(1) : name;
  }

  private long gradients(long trainedValues, boolean severalPasses) {
    long waiting = 0;
    if (severalPasses) {
      waiting = trainedValuesOfPart.values().stream().mapToLong(Long::longValue).max().orElse(0);
    } else if (config.tiedHead()) {
      waiting = trainedValuesOf(ModelLayout.EMBEDDING);
    }
    return (trainedValues + waiting) * MASTER_BYTES;
  }

  private long kept(BatchSize batch) {
    return (config.numLayers() - lowestBlock + 1)
        * batch.padded()
        * config.hiddenSize()
        * computeBytes;
  }

  private long block(BatchSize batch) {
    long hidden = config.hiddenSize();
    long inner = config.intermediateSize();
    long queries = (long) config.numHeads() * config.headDim();
    long keys = (long) config.numKeyValueHeads() * config.headDim();
    long ofToken = 16 * hidden + computeBytes * (5 * hidden + 3 * queries + 2 * keys + 7 * inner);
    if (config.queryKeyNorm()) {
      ofToken += 8 * (queries + keys);
    }
    if (cpu && queries != keys) {
      ofToken += 2 * queries * computeBytes;
    }
    ofToken +=
        adapterBytesOfPart.entrySet().stream()
            .filter(part -> isBlock(part.getKey()))
            .mapToLong(Map.Entry::getValue)
            .max()
            .orElse(0);
    long converted =
        precision == Precision.FLOAT32 ? 0 : 2L * computeBytes * largestTrainedBlockValues();
    return batch.padded() * ofToken + mask(batch.tokens()) + converted;
  }

  private long largestTrainedBlockValues() {
    return trainedValuesOfPart.entrySet().stream()
        .filter(part -> isBlock(part.getKey()))
        .mapToLong(Map.Entry::getValue)
        .max()
        .orElse(0);
  }

  private static boolean isBlock(String part) {
    return Character.isDigit(part.charAt(0));
  }

  private long mask(long rowTokens) {
    boolean windowed =
        config.windows().stream().anyMatch(window -> window > 0 && rowTokens > window);
    return windowed ? rowTokens * rowTokens * (computeBytes + 3) : 0;
  }

  private long upperEnd(BatchSize batch) {
    long hidden = config.hiddenSize();
    boolean float32 = precision == Precision.FLOAT32;
    long logitRows = Math.min(Transformer.TOKENS_OF_LOGITS, batch.padded());
    long logits = logitRows * config.vocabSize() * (float32 ? 8 : 10);
    long rows = batch.padded() * hidden * (16 + 4 * computeBytes);
    long head = float32 ? 0 : trainedValuesOf(new ModelLayout(config).head()) * computeBytes;
    long adapter = batch.padded() * adapterBytesOfPart.getOrDefault("lm_head.lora_A.weight", 0L);
    return logits + rows + head + adapter;
  }

  private long trainedValuesOf(String name) {
    return trainedValuesOfPart.getOrDefault(name, 0L);
  }
}
