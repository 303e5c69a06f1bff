package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A batch, and the loss that is differentiated of it. What a loss calls may be called by another
 * thread, one call at a time and in the order of the batches.
 */
public sealed interface PassLoss {

  /** The batch; one without targets has no loss, and nothing is called. */
  TokenBatch batch();

  /**
   * A loss that is linear in the log-probabilities.
   *
   * @param slope the loss's derivative with respect to each log-probability
   * @param logProbs takes the log-probability of each target, {@code [n]}; whoever keeps them
   *     attaches them to a manager of its own
   */
  record Linear(TokenBatch batch, double slope, Consumer<NDArray> logProbs) implements PassLoss {}

  /**
   * Any other loss.
   *
   * @param wanted what the loss looks at beside log-probabilities
   * @param gradientOf given what the head says of each target, the loss's gradient with respect to
   *     each log-probability, {@code [n]} float32 on the head's device; what it leaves on the
   *     device nobody waits for
   */
  record Computed(TokenBatch batch, HeadFigures wanted, Function<TargetFigures, NDArray> gradientOf)
      implements PassLoss {}
}
