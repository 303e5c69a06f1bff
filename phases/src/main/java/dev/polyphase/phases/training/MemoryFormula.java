package dev.polyphase.phases.training;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.objective.BatchSize;
import dev.polyphase.phases.optimizer.UpdateRules;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.RowRanges;
import dev.polyphase.weights.TensorInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

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
 * <p>A shared reference has a second array of each trained tensor, as if it were frozen beside. One
 * that is another model makes its pass before the first step, beside this model's weights, without
 * gradients and states yet: the peak is then or in training.
 *
 * <p>Left out: evaluation, which keeps nothing; what a shared reference has of tensors that a
 * rescan brings in; Java's heap, which holds the rows; the libraries; what the C library does not
 * give back.
 *
 * @param setup the phase
 * @param parts what is trained
 * @param largest the largest forward pass
 * @param severalPasses whether several forward passes make a step
 */
record MemoryFormula(PhaseSetup setup, Trainable parts, BatchSize largest, boolean severalPasses) {
  /** float32. */
  private static final int MASTER_BYTES = 4;

  /** The model. */
  ModelConfig config() {
    return setup.layout().config();
  }

  /** Where and in which precision. */
  ComputeSettings compute() {
    return setup.compute();
  }

  /** Whether masters and states are on the CPU, apart from the model. */
  boolean mastersOnHost() {
    return setup.mastersOnHost();
  }

  private Checkpoint checkpoint() {
    return setup.checkpoint();
  }

  private Optimizer.Name optimizer() {
    return setup.phase().optimizer().name();
  }

  /** The same of other parts. */
  MemoryFormula of(Trainable others) {
    return new MemoryFormula(setup, others, largest, severalPasses);
  }

  /** The need where blocks are kept, or computed again. */
  MemoryEstimate with(Activations activations) {
    int computeBytes = compute().precision().elementType().bytes();
    long frozen = 0;
    long mapped = 0;
    long reference = 0;
    long trainedValues = 0;
    ModelLayout layout = setup.layout();
    for (Parameter parameter : layout.parameters()) {
      TensorInfo tensor = checkpoint().find(parameter.name()).orElseThrow();
      boolean trained = parts.tensors().contains(parameter.name());
      long untrained = trained && !sharesReference() ? 0 : tensor.elements() * computeBytes;
      if (compute().onCpu() && Precision.of(tensor) == compute().precision()) {
        mapped += untrained;
      } else if (trained) {
        reference += untrained;
      } else {
        frozen += untrained;
      }
      trainedValues += trained ? tensor.elements() : 0;
    }
    for (Parameter parameter : parts.adapters().parameters(layout)) {
      trainedValues += parameter.values();
    }
    long gradients = trainedValues * MASTER_BYTES;
    long peak = Math.max(pass(activations).peakBytes(severalPasses), gradients + ofUpdate());
    MemoryEstimate training =
        new MemoryEstimate(
            largest.rows(),
            largest.tokens(),
            frozen,
            mapped,
            trainedValues * MASTER_BYTES,
            optimized().mapToLong(p -> UpdateRules.stateBytes(optimizer(), p)).sum(),
            mastersOnHost()
                ? new MemoryEstimate.Offload(trainedValues * computeBytes, staging() + work())
                : null,
            reference,
            gradients,
            Math.max(0, peak - gradients),
            activations == Activations.RECOMPUTED);
    return other().map(model -> model.besideWeightsOf(training)).orElse(training);
  }

  /** Whether a reference shares what is frozen. */
  private boolean sharesReference() {
    return setup.phase().reference().filter(Reference.Shared.class::isInstance).isPresent();
  }

  /** The passes of another model that is the reference, if there is one. */
  Optional<MemoryFormula> other() {
    return setup.other().map(other -> new MemoryFormula(other, other.parts(), largest, false));
  }

  /** The peak of a phase before whose training this model makes its pass. */
  private MemoryEstimate besideWeightsOf(MemoryEstimate training) {
    MemoryEstimate own = with(Activations.RECOMPUTED);
    long trained =
        training.offload() == null ? training.masterBytes() : training.offload().copyBytes();
    return training.orBefore(
        training.frozenBytes()
            + trained
            + own.frozenBytes()
            + pass(Activations.RECOMPUTED).forwardBytes(),
        training.mappedBytes() + own.mappedBytes());
  }

  /** What the optimiser takes on a device while it updates a parameter. */
  long ofUpdate() {
    return mastersOnHost() ? 0 : work();
  }

  /** What the optimiser takes, wherever it is, while it updates the parameter that takes most. */
  private long work() {
    boolean gpu = !compute().onCpu() && !mastersOnHost();
    return optimized()
        .mapToLong(parameter -> UpdateRules.workBytes(optimizer(), parameter, gpu))
        .max()
        .orElse(0);
  }

  /**
   * What {@code UpdatesOnHost} passes gradients and weights through: the largest part twice in
   * float32 and once in the compute's dtype. libtorch rounds pinned memory up to a power of two.
   */
  private long staging() {
    Map<String, Long> valuesByPart = new HashMap<>();
    optimized()
        .forEach(p -> valuesByPart.merge(ModelLayout.partOf(p.name()), p.values(), Long::sum));
    long largest = valuesByPart.values().stream().mapToLong(Long::longValue).max().orElse(0);
    return 2 * pinned(largest * MASTER_BYTES)
        + pinned(largest * compute().precision().elementType().bytes());
  }

  private long pinned(long bytes) {
    boolean power = compute().onCpu() || Long.bitCount(bytes) <= 1;
    return power ? bytes : 2 * Long.highestOneBit(bytes);
  }

  /** All that the optimiser updates. */
  private Stream<Parameter> optimized() {
    ModelLayout layout = setup.layout();
    return Stream.concat(
        layout.parameters().stream()
            .filter(parameter -> parts.tensors().contains(parameter.name()))
            .map(this::optimized),
        parts.adapters().parameters(layout).stream());
  }

  /**
   * What a block needs where it is: weights, the optimiser's part, and what is kept of it for the
   * backward pass.
   */
  long ofBlock(int layer, Activations activations) {
    long values = setup.layout().block(layer).values().stream().mapToLong(this::ofParameter).sum();
    return values + pass(activations).keptOf(layer);
  }

  /** What a block's backward pass needs beyond that. */
  long ofBackward(int layer, Activations activations) {
    return pass(activations).backwardOf(layer);
  }

  /** What the embedding needs where it is. */
  long ofEmbedding() {
    return ofParameter(parameter(setup.layout().embedding()));
  }

  /** What final norm and head need where they are; of a tied head, beyond the embedding's. */
  long ofHead() {
    long head = config().tiedHead() ? 0 : ofParameter(parameter(setup.layout().head()));
    return ofParameter(parameter(setup.layout().finalNorm()))
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
    long untrained = compute().precision().elementType().bytes() * parameter.values();
    if (parts.tensors().contains(parameter.name())) {
      return adapter + ofTrained(parameter) + (sharesReference() ? untrained : 0);
    }
    return adapter + untrained;
  }

  /** A parameter before the first step: as it rests, or its master, or that one's copy. */
  long ofLoaded(Parameter parameter) {
    boolean master = parts.tensors().contains(parameter.name()) && !mastersOnHost();
    return parameter.values()
        * (master ? MASTER_BYTES : compute().precision().elementType().bytes());
  }

  /** On the device: the gradient, and the master and its states, or its copy. */
  private long ofTrained(Parameter parameter) {
    return MASTER_BYTES * parameter.values()
        + (mastersOnHost()
            ? compute().precision().elementType().bytes() * parameter.values()
            : MASTER_BYTES * parameter.values()
                + UpdateRules.stateBytes(optimizer(), optimized(parameter)));
  }

  private Parameter parameter(String name) {
    return setup.layout().parameters().stream()
        .filter(parameter -> parameter.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private PassMemory pass(Activations activations) {
    return new PassMemory(config(), parts, compute(), mastersOnHost(), largest, activations);
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
