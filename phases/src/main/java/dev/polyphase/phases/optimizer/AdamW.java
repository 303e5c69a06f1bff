package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.Optimizer;
import java.util.List;
import java.util.Map;

/**
 * AdamW as {@code torch.optim.AdamW} computes it, with float32 moments, a group in one fused call.
 */
final class AdamW implements UpdateRule {
  private final Kernel kernel;
  private final States<State> states;

  AdamW(NDManager manager, Optimizer settings) {
    this.kernel = Kernel.load(manager, AdamW.class, "adamw.py", constants(settings));
    this.states = new States<>(manager, State::zero);
  }

  static long stateBytes(Parameter parameter) {
    return 8 * parameter.values();
  }

  /** The constants of all kernels that make AdamW's steps. */
  static Map<String, Double> constants(Optimizer settings) {
    return Map.of(
        "beta1", settings.beta1(), "beta2", settings.beta2(), "epsilon", settings.epsilon());
  }

  @Override
  public void update(UpdateGroup group, NDManager scratch) {
    if (group.isEmpty()) {
      return;
    }
    List<State> current = states.of(group);
    kernel
        .method("update")
        .withList("masters", group.masters())
        .withList("gradients", group.gradients())
        .withList("m", current.stream().map(State::firstMoment).toList())
        .withList("v", current.stream().map(State::secondMoment).toList())
        .withList("steps", current.stream().map(State::steps).toList())
        .withNumber(group.learningRate())
        .withNumber(group.weightDecay())
        .run(scratch);
  }

  @Override
  public void forget(String name) {
    states.forget(name);
  }

  @Override
  public void close() {
    kernel.close();
  }

  /**
   * One parameter's moments.
   *
   * @param steps how many updates it has seen, float32 {@code []}, as libtorch wants it
   */
  private record State(NDArray firstMoment, NDArray secondMoment, NDArray steps) {
    static State zero(NDManager owner, NDArray master) {
      return new State(
          owner.zeros(master.getShape(), DataType.FLOAT32),
          owner.zeros(master.getShape(), DataType.FLOAT32),
          owner.zeros(new Shape(), DataType.FLOAT32));
    }
  }
}
