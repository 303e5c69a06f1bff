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
  /** Beyond them a bound on an update grows no more. */
  private static final double MANY_UPDATES = 1 << 20;

  private final Kernel kernel;
  private final States<Moments> states;

  AdamW(NDManager manager, Optimizer settings) {
    this.kernel = Kernel.load(manager, AdamW.class, "adamw.py", constants(settings));
    this.states = new States<>(manager, AdamW::zero);
  }

  static long stateBytes(Parameter parameter) {
    return 8 * parameter.values();
  }

  /**
   * After t updates {@code |m| / sqrt(v)} is at most {@code (1 - b1) / sqrt(1 - b2)} times the root
   * of the sum of {@code (b1^2 / b2)^i} for i below t (Cauchy and Schwarz), to which the
   * corrections of both moments' bias are added. Of one update that is 1, with the usual constants
   * 7.3 of many.
   */
  static double largestUpdate(Optimizer settings) {
    double b1 = settings.beta1();
    double b2 = settings.beta2();
    double ratio = b1 * b1 / b2;
    double largest = 1;
    for (double t = 1; t <= MANY_UPDATES; t *= 2) {
      double series = ratio == 1 ? t : (1 - Math.pow(ratio, t)) / (1 - ratio);
      double corrections = Math.sqrt(1 - Math.pow(b2, t)) / (1 - Math.pow(b1, t));
      largest = Math.max(largest, (1 - b1) / Math.sqrt(1 - b2) * Math.sqrt(series) * corrections);
    }
    return largest;
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
