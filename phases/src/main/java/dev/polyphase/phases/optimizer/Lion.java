package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.pipelines.Optimizer;
import java.util.List;
import java.util.Map;

/**
 * Lion (Chen et al. 2023): every value moves by the rate, in the direction of a momentum {@code m}.
 */
final class Lion implements UpdateRule {
  private final Kernel kernel;

  Lion(NDManager manager, Optimizer settings, boolean halves) {
    this.kernel =
        UpdateRule.load(
            manager,
            "lion.py",
            Map.of("beta1", settings.beta1(), "beta2", settings.beta2()),
            halves);
  }

  static long stateBytes(Parameter parameter) {
    return 4 * parameter.values();
  }

  /** The direction. */
  static long workBytes(Parameter parameter) {
    return Float.BYTES * parameter.values();
  }

  @Override
  public Map<String, NDArray> newState(TrainedPart part, NDManager owner) {
    return Map.of("m", owner.zeros(part.master().shape(), DataType.FLOAT32));
  }

  @Override
  public void update(List<TrainedPart> parts, Settings how, NDManager scratch) {
    if (!parts.isEmpty()) {
      how.to(UpdateRule.call(kernel, "update", parts, "m")).run(scratch);
    }
  }

  @Override
  public void close() {
    kernel.close();
  }
}
