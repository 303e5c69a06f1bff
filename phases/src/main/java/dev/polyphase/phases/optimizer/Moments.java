package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import dev.polyphase.kernels.Kernel;
import java.util.List;

/**
 * One parameter's moments, as AdamW keeps them.
 *
 * @param first of the parameter's shape
 * @param second of the parameter's shape
 * @param steps how many updates it has seen, float32 {@code []}, as libtorch wants it
 */
record Moments(NDArray first, NDArray second, NDArray steps) {

  /** Gives a call the lists {@code m}, {@code v} and {@code steps}. */
  static void give(Kernel.Call call, List<Moments> moments) {
    call.withList("m", moments.stream().map(Moments::first).toList())
        .withList("v", moments.stream().map(Moments::second).toList())
        .withList("steps", moments.stream().map(Moments::steps).toList());
  }
}
