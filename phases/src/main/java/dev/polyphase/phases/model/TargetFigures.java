package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.jspecify.annotations.Nullable;

/**
 * What the head says of each target, {@code [n]} float32 on the head's device.
 *
 * @param logProbs the targets' log-probabilities
 * @param meanLogits the mean of all words' logits where the target is; null where nobody asked
 * @param squares the logarithm of the sum of all words' squared probabilities there; null where
 *     nobody asked
 */
public record TargetFigures(
    NDArray logProbs, @Nullable NDArray meanLogits, @Nullable NDArray squares) {

  /** Gives them to another owner, whom they then outlive this one with. */
  void attach(NDManager owner) {
    logProbs.attach(owner);
    if (meanLogits != null) {
      meanLogits.attach(owner);
    }
    if (squares != null) {
      squares.attach(owner);
    }
  }
}
