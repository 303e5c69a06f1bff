package dev.polyphase.phases.api;

import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.weights.RowRanges;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a phase is trained on.
 *
 * @param pipeline the settings that hold for all phases: seed, device, dtype, save dtype
 * @param phase the phase's own settings
 * @param folder the folder that the phase's data paths are relative to: the pipeline file's
 * @param checkpoint the folder of the weights to start from, in Hugging Face layout
 * @param trainable the names of the tensors to train; the others stay as they are. In {@link
 *     PhaseTrainer#check} a selection that only a scan will make is stood in for by as many tensors
 *     of each type as it will have, from the lowest block up
 * @param rows of a tensor to train that is named here only these rows change; the others keep their
 *     values to the bit
 * @param rateFactors by what the learning rate of a module, named without {@code .weight}, is
 *     multiplied; 1 of those that are not named
 * @param result the folder to write, in Hugging Face layout; it must not exist
 * @param retargeting how it moves to other tensors on its way, which can't be with {@code rows} or
 *     an adapter; empty where it trains the same ones to its end. {@link PhaseTrainer#check} does
 *     not need it
 */
public record PhaseRequest(
    Pipeline pipeline,
    Phase phase,
    Path folder,
    Path checkpoint,
    Set<String> trainable,
    Map<String, RowRanges> rows,
    Map<String, Double> rateFactors,
    Path result,
    Optional<Retargeting> retargeting) {

  public PhaseRequest {
    trainable = Set.copyOf(trainable);
    rows = Map.copyOf(rows);
    rateFactors = Map.copyOf(rateFactors);
    if (retargeting.isPresent() && !(rows.isEmpty() && phase.trained().adapter().isEmpty())) {
      throw new IllegalArgumentException("rows and adapters stay where they are for a whole phase");
    }
  }

  /** A request that trains the same tensors to its end, whole and at one rate. */
  public PhaseRequest(
      Pipeline pipeline,
      Phase phase,
      Path folder,
      Path checkpoint,
      Set<String> trainable,
      Path result) {
    this(
        pipeline,
        phase,
        folder,
        checkpoint,
        trainable,
        Map.of(),
        Map.of(),
        result,
        Optional.empty());
  }

  /**
   * The folder, beside the result, of the model as the last good step of a phase that failed left
   * it, in Hugging Face layout. It must not exist before.
   */
  public Path lastGood() {
    return result.resolveSibling("last-good");
  }

  /** The file, beside the result, that names the rows of the step at which a phase failed. */
  public Path failedStep() {
    return result.resolveSibling("failed-step.json");
  }

  /** A key of the phase as messages name it: {@code phases.NAME.KEY}. */
  public String path(String key) {
    return "phases." + phase.name() + "." + key;
  }
}
