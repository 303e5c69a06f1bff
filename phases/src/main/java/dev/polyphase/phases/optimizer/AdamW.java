package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.pipelines.Optimizer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW as {@code torch.optim.AdamW} computes it, with float32 moments: of whole masters all in one
 * fused call, of those in halves so many values at a time. States: {@code m} and {@code v} of the
 * master's shape, and {@code steps}, how many updates it has seen.
 */
final class AdamW implements UpdateRule {
  /** Beyond them a bound on an update grows no more. */
  private static final double MANY_UPDATES = 1 << 20;

  private final Kernel kernel;

  AdamW(NDManager manager, Optimizer settings, boolean halves) {
    Map<String, Object> constants = new HashMap<>(constants(settings));
    constants.put("values", UpdateRules.valuesAtOnce(manager.getDevice().isGpu()));
    this.kernel = UpdateRule.load(manager, "adamw.py", constants, halves);
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
  public Map<String, NDArray> newState(TrainedPart part, NDManager owner) {
    Shape shape = part.master().shape();
    return Map.of(
        "m", owner.zeros(shape, DataType.FLOAT32),
        "v", owner.zeros(shape, DataType.FLOAT32),
        "steps", owner.zeros(new Shape(), DataType.FLOAT32));
  }

  @Override
  public void update(List<TrainedPart> parts, Settings how, NDManager scratch) {
    if (!parts.isEmpty()) {
      how.to(UpdateRule.call(kernel, "update", parts, "m", "v", "steps")).run(scratch);
    }
  }

  @Override
  public void close() {
    kernel.close();
  }
}
