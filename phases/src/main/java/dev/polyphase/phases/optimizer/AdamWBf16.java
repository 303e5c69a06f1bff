package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.Optimizer;
import java.util.HashMap;
import java.util.Map;

/**
 * AdamW with moments in bfloat16, which are rounded to nearest after each update. What changes a
 * moment by less than half the spacing, 0.2 to 0.4 % of it, is lost: with an {@code adam_beta2} of
 * 0.999 the second moment rises with large gradients and does not fall again.
 */
final class AdamWBf16 implements UpdateRule {
  private final Kernel kernel;
  final States<Moments> states;

  AdamWBf16(NDManager manager, Optimizer settings) {
    this(manager, settings, UpdateRules.valuesAtOnce(manager.getDevice().isGpu()));
  }

  AdamWBf16(NDManager manager, Optimizer settings, long part) {
    Map<String, Object> constants = new HashMap<>(AdamW.constants(settings));
    constants.put("part", part);
    this.kernel = Kernel.load(manager, AdamWBf16.class, "adamw_bf16.py", constants);
    this.states = new States<>(manager, this::zero);
  }

  static long stateBytes(Parameter parameter) {
    return 4 * parameter.values();
  }

  /** A part's moments in float32. */
  static long workBytes(Parameter parameter, boolean gpu) {
    return 2 * Float.BYTES * Math.min(parameter.values(), UpdateRules.valuesAtOnce(gpu));
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

  /** Moments in bfloat16. */
  private Moments zero(NDManager owner, NDArray master) {
    return new Moments(
        kernel.method("zeros").with(master).runForOne(owner),
        kernel.method("zeros").with(master).runForOne(owner),
        owner.zeros(new Shape(), DataType.FLOAT32));
  }
}
