package dev.polyphase.phases.training;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Placement;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.model.Weights;
import dev.polyphase.phases.objective.BatchSize;
import dev.polyphase.phases.optimizer.UpdateRules;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.RowRanges;
import dev.polyphase.weights.TensorInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * How much memory a phase needs at its peak, counted from the kernels.
 *
 * <p>A frozen tensor has the compute's bytes a value; on the CPU one whose file has the compute's
 * dtype is mapped. {@link TrainedBytes} says what masters and gradients have; the optimiser tells
 * its states' bytes, 8 a value for AdamW. Where only some rows of a tensor are trained its states
 * are those rows', all else is the whole tensor's. {@link PassMemory} counts what forward and
 * backward pass hold; when they are over, the optimiser may take something for the parameter that
 * it updates.
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
  /** Of all places. */
  private static boolean everywhere(int place) {
    return place >= 0;
  }

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

  /** What each trained parameter has. */
  private TrainedBytes trainedBytes() {
    Set<String> halved = new HashSet<>();
    for (Parameter parameter : setup.layout().parameters()) {
      if (halved(parameter)) {
        halved.add(parameter.name());
      }
    }
    return new TrainedBytes(compute().precision(), mastersOnHost(), halved, summed());
  }

  /** Whether the master of a parameter of the model is in halves. */
  private boolean halved(Parameter parameter) {
    return !mastersOnHost()
        && checkpoint()
            .find(parameter.name())
            .filter(tensor -> Weights.inHalves(tensor, compute().precision()))
            .isPresent();
  }

  /** All where a step has several passes, else the ends whose gradients are made in parts. */
  private Set<String> summed() {
    ModelLayout layout = setup.layout();
    Set<String> summed = new HashSet<>();
    if (severalPasses) {
      layout.parameters().forEach(parameter -> summed.add(parameter.name()));
      parts.adapters().parameters(layout).forEach(parameter -> summed.add(parameter.name()));
    }
    summed.add(layout.embedding());
    summed.add(layout.finalNorm());
    int atOnce =
        Transformer.tokensOfLogitGradients(
            !compute().onCpu(), compute().precision(), config().vocabSize());
    if ((long) largest.rows() * largest.tokens() > atOnce) {
      summed.add(layout.head());
    }
    return summed;
  }

  /** The need of all places together, with one pass in flight; {@link #ofPlace} counts all. */
  MemoryEstimate at(Placement placement) {
    int computeBytes = compute().precision().elementType().bytes();
    long frozen = 0;
    long mapped = 0;
    long reference = 0;
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
    }
    TrainedBytes bytes = trainedBytes();
    PassMemory pass = pass();
    long gradients = pass.gradientsOf(placement, MemoryFormula::everywhere);
    int passed = config().numLayers() - pass.lowestTrained();
    MemoryEstimate training =
        new MemoryEstimate(
            largest.rows(),
            largest.tokens(),
            frozen,
            mapped,
            ofTrained(bytes::master),
            optimized().mapToLong(p -> UpdateRules.stateBytes(optimizer(), p)).sum(),
            mastersOnHost()
                ? new MemoryEstimate.Offload(ofTrained(bytes::copy), staging() + work())
                : null,
            reference,
            gradients,
            Math.max(0, ofWorstMoment(pass, placement, MemoryFormula::everywhere) - gradients),
            passed - pass.kept(placement),
            passed);
    return other().map(model -> model.besideWeightsOf(training)).orElse(training);
  }

  /** What there is of gradients, and beside them, in some places when it is most. */
  private long ofWorstMoment(PassMemory pass, Placement placement, IntPredicate here) {
    return Math.max(
        pass.peakBytes(placement, here, severalPasses),
        pass.gradientsOf(placement, here) + ofUpdate());
  }

  /** A sum over all that is trained, of each tensor all rows. */
  private long ofTrained(ToLongFunction<Parameter> bytes) {
    ModelLayout layout = setup.layout();
    return Stream.concat(
            layout.parameters().stream()
                .filter(parameter -> parts.tensors().contains(parameter.name())),
            parts.adapters().parameters(layout).stream())
        .mapToLong(bytes)
        .sum();
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
    Placement anywhere = onOneDevice();
    MemoryEstimate own = at(anywhere);
    long trained =
        training.offload() == null ? training.masterBytes() : training.offload().copyBytes();
    return training.orBefore(
        training.frozenBytes()
            + trained
            + own.frozenBytes()
            + pass().forwardBytes(anywhere, MemoryFormula::everywhere),
        training.mappedBytes() + own.mappedBytes());
  }

  /** What the optimiser takes on a device while it updates a parameter. */
  long ofUpdate() {
    return mastersOnHost() ? ofConversion() : work();
  }

  /** A gradient of 16 bits in float32, as which it goes to the CPU. */
  private long ofConversion() {
    boolean converts = !compute().onCpu() && compute().precision() != Precision.FLOAT32;
    long largest = optimized().mapToLong(Parameter::values).max().orElse(0);
    return converts && !severalPasses ? largest * Float.BYTES : 0;
  }

  /** What the optimiser takes, wherever it is, while it updates the parameter that takes most. */
  private long work() {
    boolean gpu = !compute().onCpu() && !mastersOnHost();
    return optimized()
        .mapToLong(
            parameter ->
                UpdateRules.workBytes(optimizer(), parameter, gpu)
                    + (halved(parameter)
                        ? UpdateRules.halvesBytes(optimizer(), parameter, gpu)
                        : 0))
        .max()
        .orElse(0);
  }

  /**
   * What {@code Offload} passes gradients and weights through: the largest part twice in float32
   * and once in the compute's dtype. libtorch rounds pinned memory up to a power of two.
   */
  private long staging() {
    Map<String, Long> valuesByPart = new HashMap<>();
    optimized()
        .forEach(p -> valuesByPart.merge(ModelLayout.partOf(p.name()), p.values(), Long::sum));
    long largest = valuesByPart.values().stream().mapToLong(Long::longValue).max().orElse(0);
    return 2 * pinned(largest * Float.BYTES)
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
   * What a block needs where it is: weights, the optimiser's part, its gradients, and what is kept
   * of it for the backward pass.
   */
  long ofBlock(int layer, Placement placement) {
    long values = setup.layout().block(layer).values().stream().mapToLong(this::ofParameter).sum();
    return values + pass().keptOf(layer, placement);
  }

  /** What of it is kept for the backward pass of each further pass that is in flight. */
  long ofFurtherPass(int layer, Placement placement) {
    return pass().keptOf(layer, placement);
  }

  /** The forward passes of a step. */
  int passes() {
    return severalPasses ? setup.phase().batch().gradientAccumulationSteps() : 1;
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
        + pass().upperEnd(severalPasses);
  }

  /**
   * What a place needs at its worst moment, mapped weights included.
   *
   * @param place one of several
   */
  long ofPlace(int place, Placement placement) {
    IntPredicate here = other -> other == place;
    PassMemory pass = pass();
    int further = placement.inFlight(place, passes(), setup.layout()) - 1;
    return atRest(placement, here)
        + ofWorstMoment(pass, placement, here)
        + further * pass.keptOf(placement, here);
  }

  /**
   * What a place of a model needs of which nothing is trained.
   *
   * @param place one of several
   */
  long ofForwardPass(int place, Placement placement) {
    IntPredicate here = other -> other == place;
    return atRest(placement, here) + pass().forwardBytes(placement, here);
  }

  /** Weights, masters, copies and states in some places. */
  private long atRest(Placement placement, IntPredicate here) {
    return setup.layout().parameters().stream()
        .filter(parameter -> here.test(placement.of(parameter.name(), setup.layout())))
        .mapToLong(this::atRest)
        .sum();
  }

  /** A parameter as it rests, or with its gradient and states, and with its adapter. */
  private long ofParameter(Parameter parameter) {
    Adapters adapters = parts.adapters();
    TrainedBytes bytes = trainedBytes();
    long gradients = parts.tensors().contains(parameter.name()) ? bytes.gradient(parameter) : 0;
    if (adapters.adapt(parameter.name())) {
      gradients += bytes.gradient(adapters.a(parameter)) + bytes.gradient(adapters.b(parameter));
    }
    return atRest(parameter) + gradients;
  }

  /** The same without gradients. */
  private long atRest(Parameter parameter) {
    Adapters adapters = parts.adapters();
    long adapter = 0;
    if (adapters.adapt(parameter.name())) {
      adapter = trainedAtRest(adapters.a(parameter)) + trainedAtRest(adapters.b(parameter));
    }
    long untrained = compute().precision().elementType().bytes() * parameter.values();
    if (parts.tensors().contains(parameter.name())) {
      return adapter + trainedAtRest(parameter) + (sharesReference() ? untrained : 0);
    }
    return adapter + untrained;
  }

  /** A parameter before the first step: as it rests, or its master, or that one's copy. */
  long ofLoaded(Parameter parameter) {
    boolean master = parts.tensors().contains(parameter.name()) && !mastersOnHost();
    return master ? trainedBytes().master(parameter) : trainedBytes().copy(parameter);
  }

  /** On the device: the master and its states, or its copy. */
  private long trainedAtRest(Parameter parameter) {
    return mastersOnHost()
        ? trainedBytes().copy(parameter)
        : trainedBytes().master(parameter)
            + UpdateRules.stateBytes(optimizer(), optimized(parameter));
  }

  private Parameter parameter(String name) {
    return setup.layout().parameters().stream()
        .filter(parameter -> parameter.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** All on the first device, with nothing kept. */
  private Placement onOneDevice() {
    return Placement.on(compute().devices().get(0), compute().precision(), Activations.RECOMPUTED);
  }

  private PassMemory pass() {
    return new PassMemory(config(), parts, compute(), trainedBytes(), largest);
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
