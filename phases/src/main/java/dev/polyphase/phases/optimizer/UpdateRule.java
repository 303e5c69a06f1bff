package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.TrainedPart;
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
   * @param learningRate the rate of all of them
   * @param weightDecay the decay of all of them, in units of the rate
   */
  void update(List<TrainedPart> parts, double learningRate, double weightDecay, NDManager scratch);

  @Override
  void close();

  /**
   * Begins a call of a kernel that updates; rate and decay are still to be given.
   *
   * @param method takes masters, gradients, and a list of each of the states
   * @param states their names, in the method's order
   */
  static Kernel.Call call(Kernel kernel, String method, List<TrainedPart> parts, String... states) {
    Kernel.Call call =
        kernel
            .method(method)
            .withList("masters", parts.stream().map(TrainedPart::master).toList())
            .withList("gradients", parts.stream().map(TrainedPart::gradient).toList());
    for (String state : states) {
      call.withList(state, parts.stream().map(part -> part.state(state)).toList());
    }
    return call;
  }
}
