package dev.polyphase.phases.api;

import dev.polyphase.weights.RowRanges;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a phase starts from, which is known when the phase before it is done.
 *
 * @param checkpoint the folder of the weights, in Hugging Face layout
 * @param trainable the names of the tensors to train; the others stay as they are
 * @param rows of a tensor to train that is named here only these rows change; the others keep their
 *     values to the bit
 * @param rateFactors by what the learning rate of a module, named without {@code .weight}, is
 *     multiplied; 1 of those that are not named
 * @param retargeting how the phase moves to other tensors on its way, which can't be with {@code
 *     rows} or an adapter; empty where it trains the same ones to its end
 */
public record PhaseStart(
    Path checkpoint,
    Set<String> trainable,
    Map<String, RowRanges> rows,
    Map<String, Double> rateFactors,
    Optional<Retargeting> retargeting) {

  public PhaseStart {
    trainable = Set.copyOf(trainable);
    rows = Map.copyOf(rows);
    rateFactors = Map.copyOf(rateFactors);
    if (retargeting.isPresent() && !rows.isEmpty()) {
      throw new IllegalArgumentException("rows stay where they are for a whole phase");
    }
  }

  /** A start that trains the same tensors to the phase's end, whole and at one rate. */
  public PhaseStart(Path checkpoint, Set<String> trainable) {
    this(checkpoint, trainable, Map.of(), Map.of(), Optional.empty());
  }
}
