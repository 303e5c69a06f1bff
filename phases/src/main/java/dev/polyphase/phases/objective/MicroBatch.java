package dev.polyphase.phases.objective;

import dev.polyphase.phases.batches.TokenBatch;
import java.util.OptionalDouble;

/** The rows of one forward pass. */
public interface MicroBatch {

  /** The tokens, and the targets whose log-probabilities the objective wants. */
  TokenBatch tokens();

  /** How many things the loss is a mean of: tokens that carry loss, or pairs. */
  int weight();

  /**
   * The derivative of {@link #evaluate}'s sum with respect to each log-probability, where it is one
   * number whatever they are: the backward pass then need not wait for them.
   */
  OptionalDouble slope();

  /**
   * The loss at these log-probabilities.
   *
   * @param logProbs of each target, {@code [n]}
   */
  Outcome evaluate(float[] logProbs);
}
