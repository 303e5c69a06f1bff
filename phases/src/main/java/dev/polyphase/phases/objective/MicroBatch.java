package dev.polyphase.phases.objective;

import dev.polyphase.phases.data.TokenBatch;

/** The rows of one forward pass. */
public interface MicroBatch {

  /** The tokens, and the targets whose log-probabilities the objective wants. */
  TokenBatch tokens();

  /** How many things the loss is a mean of: tokens that carry loss, or pairs. */
  int weight();

  /**
   * The loss at these log-probabilities.
   *
   * @param logProbs of each target, {@code [n]}
   */
  Outcome evaluate(float[] logProbs);
}
