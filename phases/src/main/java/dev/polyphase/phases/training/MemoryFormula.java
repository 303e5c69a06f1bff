package dev.polyphase.phases.training;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.MastersAt;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.objective.BatchSize;
import dev.polyphase.phases.optimizer.UpdateRules;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.RowRanges;
import dev.polyphase.weights.TensorInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * How much memory a phase needs at its peak, counted from the kernels.
 *
 * <p>A frozen tensor has the compute's bytes a value; on the CPU one whose file has the compute's
 * dtype is mapped. Masters have 4 bytes a value, and so have gradients; the optimiser tells its
 * states' bytes, 8 a value for AdamW. Where only some rows of a tensor are trained its states are
 * those rows', all else is the whole tensor's. {@link PassMemory} counts what forward and backward
 * pass hold; when they are over, the optimiser may take something for the parameter that it
 * updates.
 *
 * <p>Left out: evaluation, which keeps nothing; Java's heap, which holds the rows; the libraries;
 * what the C library does not give back.
 *
 * @param config the model
 * @param checkpoint what the phase starts from, which fits the configuration
 * @param parts what is trained
 * @param compute where and in which precision
 * @param optimizer what keeps states
 * @param mastersAt where masters and states are
 * @param largest the largest forward pass
 * @param severalPasses whether several forward passes make a step
 */
record MemoryFormula(
    ModelConfig config,
    Checkpoint checkpoint,
    TrainedParts parts,
    ComputeSettings compute,
    Optimizer.Name optimizer,
    MastersAt mastersAt,
    BatchSize largest,
    boolean severalPasses) {
  /** float32. */
  private static final int MASTER_BYTES = 4;

  /** The need where blocks are kept, or computed again. */
  MemoryEstimate with(Activations activations) {
    int computeBytes = compute.precision().elementType().bytes();
    long frozen = 0;
    long mapped = 0;
    long trainedValues = 0;
    long states = 0;
    long update = 0;
    boolean updatedOnGpu = !compute.onCpu() && mastersAt == MastersAt.MODEL;
    ModelLayout layout = new ModelLayout(config);
    for (Parameter parameter : layout.parameters()) {
      TensorInfo tensor = checkpoint.find(parameter.name()).orElseThrow();
      if (parts.tensors().contains(parameter.name())) {
        trainedValues += tensor.elements();
        states += UpdateRules.stateBytes(optimizer, optimized(parameter));
        update =
            Math.max(update, UpdateRules.workBytes(optimizer, optimized(parameter), updatedOnGpu));
      } else if (compute.onCpu() && Precision.of(tensor) == compute.precision()) {
        mapped += tensor.elements() * computeBytes;
      } else {
        frozen += tensor.elements() * computeBytes;
      }
    }
    for (Parameter parameter : parts.adapters().parameters(layout)) {
      trainedValues += parameter.values();
      states += UpdateRules.stateBytes(optimizer, parameter);
      update = Math.max(update, UpdateRules.workBytes(optimizer, parameter, updatedOnGpu));
    }
    long gradients = trainedValues * MASTER_BYTES;
    boolean apart = mastersAt == MastersAt.HOST;
    long peak =
        Math.max(pass(activations).peakBytes(severalPasses), gradients + (apart ? 0 : update));
    return new MemoryEstimate(
        largest.rows(),
        largest.tokens(),
        frozen,
        mapped,
        trainedValues * MASTER_BYTES,
        states,
        apart
            ? new MemoryEstimate.Offload(trainedValues * computeBytes, staging(layout) + update)
            : null,
        gradients,
        Math.max(0, peak - gradients),
        activations == Activations.RECOMPUTED);
  }

  /**
   * What {@code UpdatesOnHost} passes gradients and weights through: the largest part twice in
   * float32 and once in the compute's dtype. libtorch rounds pinned memory up to a power of two.
   */
  private long staging(ModelLayout layout) {
    long largestPart = 0;
    for (int layer = 0; layer < config.numLayers(); layer++) {
      largestPart = Math.max(largestPart, trainedValues(layout.block(layer).values()));
    }
    for (String end : List.of(ModelLayout.EMBEDDING, ModelLayout.FINAL_NORM, layout.head())) {
      largestPart = Math.max(largestPart, trainedValues(List.of(parameter(end))));
    }
    return 2 * pinned(largestPart * MASTER_BYTES)
        + pinned(largestPart * compute.precision().elementType().bytes());
  }

  private long pinned(long bytes) {
    boolean power = compute.onCpu() || Long.bitCount(bytes) <= 1;
    return power ? bytes : 2 * Long.highestOneBit(bytes);
  }

  private long trainedValues(Collection<Parameter> parameters) {
    long values = 0;
    for (Parameter parameter : parameters) {
      if (parts.tensors().contains(parameter.name())) {
        values += optimized(parameter).values();
      }
      if (parts.adapters().adapt(parameter.name())) {
        values += parts.adapters().a(parameter).values() + parts.adapters().b(parameter).values();
      }
    }
    return values;
  }

  /**
   * What a block needs where it is: weights, the optimiser's part, and what is kept of it for the
   * backward pass.
   */
  long ofBlock(int layer, Activations activations) {
    long values =
        new ModelLayout(config).block(layer).values().stream().mapToLong(this::ofParameter).sum();
    return values + pass(activations).keptOf(layer);
  }

  /** What a block's backward pass needs beyond that. */
  long ofBackward(int layer, Activations activations) {
    return pass(activations).backwardOf(layer);
  }

  /** What the embedding needs where it is. */
  long ofEmbedding() {
    return ofParameter(parameter(ModelLayout.EMBEDDING));
  }

  /** What final norm and head need where they are; of a tied head, beyond the embedding's. */
  long ofHead() {
    long head = config.tiedHead() ? 0 : ofParameter(parameter(ModelLayout.HEAD));
    return ofParameter(parameter(ModelLayout.FINAL_NORM))
        + head
        + pass(Activations.RECOMPUTED).upperEnd();
  }

  /** A parameter as it rests, or with its gradient and states, and with its adapter. */
  private long ofParameter(Parameter parameter) {
    Adapters adapters = parts.adapters();
    long adapter = 0;
    if (adapters.adapt(parameter.name())) {
      adapter = ofTrained(adapters.a(parameter)) + ofTrained(adapters.b(parameter));
    }
    if (parts.tensors().contains(parameter.name())) {
      return adapter + ofTrained(parameter);
    }
    return adapter + compute.precision().elementType().bytes() * parameter.values();
  }

  /** On the device: the gradient, and the master and its states, or its copy. */
  private long ofTrained(Parameter parameter) {
    return MASTER_BYTES * parameter.values()
        + (mastersAt == MastersAt.HOST
            ? compute.precision().elementType().bytes() * parameter.values()
            : MASTER_BYTES * parameter.values()
                + UpdateRules.stateBytes(optimizer, optimized(parameter)));
  }

  private Parameter parameter(String name) {
    return new ModelLayout(config)
        .parameters().stream()
            .filter(parameter -> parameter.name().equals(name))
            .findFirst()
            .orElseThrow();
  }

  private PassMemory pass(Activations activations) {
    return new PassMemory(config, parts, compute, mastersAt, largest, activations);
  }

  private Parameter optimized(Parameter parameter) {
    RowRanges some = parts.rows().get(parameter.name());
    if (some == null) {
      return parameter;
    }
    List<Long> shape = new ArrayList<>(parameter.shape());
    shape.set(0, some.rows());
    return new Parameter(parameter.name(), shape);
  }
}
