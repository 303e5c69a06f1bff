package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.Optimizer;
import java.util.Map;

/**
 * AdamW as {@code torch.optim.AdamW} computes it, with float32 moments, a group in one fused call.
 */
final class AdamW implements UpdateRule {
  private final Kernel kernel;
  private final States<Moments> states;

  AdamW(NDManager manager, Optimizer settings) {
    this.kernel = Kernel.load(manager, AdamW.class, "adamw.py", constants(settings));
    this.states = new States<>(manager, AdamW::zero);
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
    group.update(kernel, "update", states, Moments::give, scratch);
  }

  @Override
  public void forget(String name) {
    states.forget(name);
  }

  @Override
  public void close() {
    kernel.close();
  }

  private static Moments zero(NDManager owner, NDArray master) {
    return new Moments(
        owner.zeros(master.getShape(), DataType.FLOAT32),
        owner.zeros(master.getShape(), DataType.FLOAT32),
        owner.zeros(new Shape(), DataType.FLOAT32));
  }
}
