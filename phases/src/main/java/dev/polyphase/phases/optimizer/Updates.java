package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Where a step's updates are made, and with them the optimiser's states kept. */
sealed interface Updates extends AutoCloseable permits UpdatesInPlace, UpdatesOnHost {

  /**
   * Updates every master that has a gradient.
   *
   * @param masters float32, by parameter
   * @param gradients float32, by parameter, clipped
   * @param learningRate the rate of each parameter
   */
  void make(
      Map<String, NDArray> masters,
      Map<String, NDArray> gradients,
      ToDoubleFunction<String> learningRate);

  /** Drops the states of a parameter, if there are any. */
  void forget(String name);

  @Override
  void close();
}
