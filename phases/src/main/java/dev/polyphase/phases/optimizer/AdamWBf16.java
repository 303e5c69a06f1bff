package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.Optimizer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW with moments in bfloat16. After each update they are rounded stochastically (Gupta et al.
 * 2015), up or down with chances that make the expected value the exact one: rounded to nearest,
 * what changes a moment by less than half the spacing, 0.2 to 0.4 % of it, would be lost, and with
 * an {@code adam_beta2} of 0.999 the second moment would never fall again.
 */
final class AdamWBf16 implements UpdateRule {
  /** The values of a run, which are rounded by hashes of their own. */
  static final long RUN = 65_521;

  private final Kernel kernel;
  private final RoundingKeys keys;
  final States<Moments> states;

  AdamWBf16(NDManager manager, Optimizer settings, RoundingKeys keys) {
    this(manager, settings, keys, runsAtOnce(manager.getDevice().isGpu()));
  }

  AdamWBf16(NDManager manager, Optimizer settings, RoundingKeys keys, long runsAtOnce) {
    Map<String, Object> constants = new HashMap<>(AdamW.constants(settings));
    constants.put("run", RUN);
    constants.put("runs", runsAtOnce);
    this.kernel = Kernel.load(manager, AdamWBf16.class, "adamw_bf16.py", constants);
    this.keys = keys;
    this.states = new States<>(manager, this::zero);
  }

  static long stateBytes(Parameter parameter) {
    return 4 * parameter.values();
  }

  /** A part's moments in float32, and what one of them is rounded by; the hashes of a run. */
  static long workBytes(Parameter parameter, boolean gpu) {
    long values = parameter.values();
    return 3 * Float.BYTES * Math.min(values, RUN * runsAtOnce(gpu))
        + Integer.BYTES * Math.min(values, RUN);
  }

  private static long runsAtOnce(boolean gpu) {
    return UpdateRules.valuesAtOnce(gpu) / RUN;
  }

  @Override
  public void update(UpdateGroup group, NDManager scratch) {
    group.update(kernel, "update", states, (call, current) -> give(call, current, group), scratch);
  }

  private void give(Kernel.Call call, List<Moments> current, UpdateGroup group) {
    Moments.give(call, current);
    call.withNumbers(keys.of(group));
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
