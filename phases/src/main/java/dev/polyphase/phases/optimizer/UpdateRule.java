package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.Master;
import dev.polyphase.phases.model.TrainedPart;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** An optimiser's arithmetic. Its states are with what it updates. */
interface UpdateRule extends AutoCloseable {

  /**
   * The states of what was never updated, by their names.
   *
   * @param owner of the arrays
   */
  Map<String, NDArray> newState(TrainedPart part, NDManager owner);

  /**
   * Updates masters in place, by their gradients; each has its states.
   *
   * @param parts may be none
   * @param how all of them are updated
   */
  void update(List<TrainedPart> parts, Settings how, NDManager scratch);

  /**
   * What several parts have in common in a step.
   *
   * @param gradientScale what gradients of 16 bits are still to be multiplied by
   * @param learningRate the rate
   * @param weightDecay the decay, in units of the rate
   */
  record Settings(double gradientScale, double learningRate, double weightDecay) {

    /** Gives them to a kernel, in this order. */
    Kernel.Call to(Kernel.Call call) {
      return call.withNumber(gradientScale).withNumber(learningRate).withNumber(weightDecay);
    }
  }

  @Override
  void close();

  /**
   * Begins a call of a kernel that updates; the settings are still to be given.
   *
   * @param method takes masters, gradients, and a list of each of the states
   * @param states their names, in the method's order
   */
  static Kernel.Call call(Kernel kernel, String method, List<TrainedPart> parts, String... states) {
    Kernel.Call call =
        kernel
            .method(method)
            .withList("masters", arrays(parts))
            .withList("gradients", parts.stream().map(TrainedPart::gradient).toList());
    for (String state : states) {
      call.withList(state, parts.stream().map(part -> part.state(state)).toList());
    }
    return call;
  }

  /** Of masters in halves the upper ones and behind them the lower ones. */
  private static List<NDArray> arrays(List<TrainedPart> parts) {
    List<NDArray> arrays = new ArrayList<>();
    parts.forEach(part -> arrays.add(part.master().upper()));
    parts.forEach(part -> part.master().lower().ifPresent(arrays::add));
    return arrays;
  }

  /**
   * Loads a kernel that updates.
   *
   * @param source its file
   * @param constants its own; of masters in halves it is told here
   * @param halves whether masters are
   */
  static Kernel load(NDManager manager, String source, Map<String, ?> constants, boolean halves) {
    Map<String, Object> all = new HashMap<>(constants);
    all.put("halves", halves ? "True" : "False");
    return Kernel.load(
        manager, UpdateRule.class, List.of(source, "masters.py", Master.SOURCE), all);
  }
}
