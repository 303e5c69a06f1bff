package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/**
 * What the head is asked for of each target beside its log-probability.
 *
 * @param meanLogits the mean of all words' logits
 * @param squares the logarithm of the sum of all words' squared probabilities
 */
public record HeadFigures(boolean meanLogits, boolean squares) {
  /** Log-probabilities alone. */
  public static final HeadFigures NONE = new HeadFigures(false, false);

  /** To the kernel: 1 where wanted. */
  long[] flags() {
    return new long[] {meanLogits ? 1 : 0, squares ? 1 : 0};
  }

  /** How many arrays the kernel gives. */
  int count() {
    return 1 + (meanLogits ? 1 : 0) + (squares ? 1 : 0);
  }

  /** The first arrays of the kernel's result by their names. */
  TargetFigures of(NDList found) {
    NDArray[] arrays = new NDArray[3];
    arrays[0] = found.get(0);
    int next = 1;
    if (meanLogits) {
      arrays[1] = found.get(next++);
    }
    if (squares) {
      arrays[2] = found.get(next);
    }
    return new TargetFigures(arrays[0], arrays[1], arrays[2]);
  }
}
