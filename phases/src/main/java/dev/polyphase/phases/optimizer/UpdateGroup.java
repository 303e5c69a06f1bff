package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.function.Predicate;

/**
 * Parameters that are updated in one call.
 *
 * @param learningRate the rate of all of them
 * @param weightDecay the decay of all of them, in units of the rate
 */
record UpdateGroup(List<Item> items, double learningRate, double weightDecay) {

  /**
   * A parameter.
   *
   * @param master float32
   * @param gradient float32 of its shape
   */
  record Item(String name, NDArray master, NDArray gradient) {}

  boolean isEmpty() {
    return items.isEmpty();
  }

  List<NDArray> masters() {
    return items.stream().map(Item::master).toList();
  }

  List<NDArray> gradients() {
    return items.stream().map(Item::gradient).toList();
  }

  /** Those that fit. */
  UpdateGroup only(Predicate<Item> wanted) {
    return new UpdateGroup(items.stream().filter(wanted).toList(), learningRate, weightDecay);
  }
}
