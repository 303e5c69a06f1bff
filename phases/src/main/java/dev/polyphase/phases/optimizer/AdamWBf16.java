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

  AdamWBf16(NDManager manager, Optimizer settings, RoundingKeys keys, boolean halves) {
    this(manager, settings, keys, halves, runsAtOnce(manager.getDevice().isGpu()));
  }

  AdamWBf16(
      NDManager manager, Optimizer settings, RoundingKeys keys, boolean halves, long runsAtOnce) {
    Map<String, Object> constants = new HashMap<>(AdamW.constants(settings));
    constants.put("run", RUN);
    constants.put("runs", runsAtOnce);
    this.kernel = UpdateRule.load(manager, "adamw_bf16.py", constants, halves);
    this.keys = keys;
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

  /** As {@link AdamW}'s, with moments in bfloat16. */
  @Override
  public Map<String, NDArray> newState(TrainedPart part, NDManager owner) {
    return Map.of(
        "m", kernel.method("zeros").with(part.master().upper()).runForOne(owner),
        "v", kernel.method("zeros").with(part.master().upper()).runForOne(owner),
        "steps", owner.zeros(new Shape(), DataType.FLOAT32));
  }

  @Override
  public void update(List<TrainedPart> parts, Settings how, NDManager scratch) {
    if (!parts.isEmpty()) {
      how.to(
              UpdateRule.call(kernel, "update", parts, "m", "v", "steps")
                  .withNumbers(keys.of(parts)))
          .run(scratch);
    }
  }

  @Override
  public void close() {
    kernel.close();
  }
}
