package dev.polyphase.phases.training;

import dev.polyphase.phases.api.FreeMemory;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.data.Schedule;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.ConfigReader;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.RowRanges;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a phase's request comes to on this machine, before any weight is loaded.
 *
 * @param phase the phase's settings
 * @param compute where and in which precision
 * @param config the model
 * @param layout its parameters
 * @param checkpoint their values
 * @param trained the names of the parameters to train
 * @param rows of a parameter that is named here only these rows are trained
 */
record PhaseSetup(
    Phase phase,
    ComputeSettings compute,
    ModelConfig config,
    ModelLayout layout,
    Checkpoint checkpoint,
    Set<String> trained,
    Map<String, RowRanges> rows) {
  /** The C library and CUDA's allocator keep some of what they are given back. */
  private static final double USABLE = 0.85;

  /**
   * Reads a model's configuration and looks at all its tensors.
   *
   * @throws InputException where they do not fit, or what is to be trained is not among them
   */
  static PhaseSetup of(PhaseRequest request) throws IOException {
    ComputeSettings compute = ComputeSettings.of(request.pipeline());
    ModelConfig config = ConfigReader.read(request.checkpoint());
    ModelLayout layout = new ModelLayout(config);
    Checkpoint checkpoint = Checkpoint.open(request.checkpoint());
    layout.check(checkpoint);
    Map<String, RowRanges> rows = new HashMap<>();
    request.rows().forEach((tensor, ranges) -> rows.put(layout.parameterOf(tensor), ranges));
    return new PhaseSetup(
        request.phase(), compute, config, layout, checkpoint, trained(request, layout), rows);
  }

  private static Set<String> trained(PhaseRequest request, ModelLayout layout) {
    Set<String> trained =
        request.trainable().stream().map(layout::parameterOf).collect(Collectors.toSet());
    Set<String> unknown = new TreeSet<>(trained);
    layout.parameters().forEach(parameter -> unknown.remove(parameter.name()));
    if (!unknown.isEmpty()) {
      throw new InputException(
          Place.in(request.checkpoint().toString()),
          "the model has no parameters named %s to train".formatted(unknown));
    }
    return trained;
  }

  /** All values of the model. */
  long modelValues() {
    return layout.parameters().stream().mapToLong(Parameter::values).sum();
  }

  /** The values that are trained. */
  long trainedValues() {
    long values = 0;
    for (Parameter parameter : layout.parameters()) {
      RowRanges some = rows.get(parameter.name());
      if (some != null) {
        values += parameter.values() / parameter.shape().get(0) * some.rows();
      } else if (trained.contains(parameter.name())) {
        values += parameter.values();
      }
    }
    return values;
  }

  /** The memory that the phase needs on some rows. */
  MemoryFormula memory(Schedule schedule, Objective objective) {
    return new MemoryFormula(
        config,
        checkpoint,
        trained,
        rows,
        compute,
        phase.optimizer().name(),
        LargestBatch.in(schedule, objective, phase.microBatchSize()),
        phase.gradientAccumulationSteps() > 1);
  }

  /** Whether blocks are kept or computed again, as asked or as memory allows. */
  Activations activations(MemoryFormula memory, FreeMemory freeMemory) throws IOException {
    return switch (phase.gradientCheckpointing()) {
      case ON -> Activations.RECOMPUTED;
      case OFF -> Activations.KEPT;
      case AUTO -> {
        OptionalLong free = freeMemory.of(compute.device());
        boolean fits =
            free.isEmpty()
                || memory.with(Activations.KEPT).unmappedBytes() <= USABLE * free.getAsLong();
        yield fits ? Activations.KEPT : Activations.RECOMPUTED;
      }
    };
  }
}
