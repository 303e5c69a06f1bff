package dev.polyphase.phases.optimizer;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

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

  /**
   * All parameters that have a gradient, those of one rate and one decay together. Norms and biases
   * do not decay.
   *
   * @param learningRate the rate of each
   */
  static List<UpdateGroup> all(
      Map<String, NDArray> masters,
      Map<String, NDArray> gradients,
      ToDoubleFunction<String> learningRate,
      double weightDecay) {
    Map<Kind, List<Item>> items = new LinkedHashMap<>();
    gradients.forEach(
        (name, gradient) -> {
          NDArray master = requireNonNull(masters.get(name));
          double decay = master.getShape().dimension() > 1 ? weightDecay : 0;
          items
              .computeIfAbsent(
                  new Kind(learningRate.applyAsDouble(name), decay), kind -> new ArrayList<>())
              .add(new Item(name, master, gradient));
        });
    List<UpdateGroup> groups = new ArrayList<>();
    items.forEach(
        (kind, ofKind) ->
            groups.add(new UpdateGroup(ofKind, kind.learningRate(), kind.weightDecay())));
    return groups;
  }

  private record Kind(double learningRate, double weightDecay) {}

  /**
   * Runs a kernel's update of the group, which may be empty.
   *
   * @param method takes masters, gradients, an optimiser's states, the rate and the decay
   * @param states the optimiser's
   * @param give gives a call the states of the group's parameters
   */
  <S> void update(
      Kernel kernel,
      String method,
      States<S> states,
      BiConsumer<Kernel.Call, List<S>> give,
      NDManager scratch) {
    if (items.isEmpty()) {
      return;
    }
    // Before the call is begun: to make them may take calls of its own on the same masters.
    List<S> current = states.of(this);
    Kernel.Call call =
        kernel
            .method(method)
            .withList("masters", items.stream().map(Item::master).toList())
            .withList("gradients", items.stream().map(Item::gradient).toList());
    give.accept(call, current);
    call.withNumber(learningRate).withNumber(weightDecay).run(scratch);
  }

  /** Those that fit. */
  UpdateGroup only(Predicate<Item> wanted) {
    return new UpdateGroup(items.stream().filter(wanted).toList(), learningRate, weightDecay);
  }
}
