package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.Optimizer;
import java.util.Map;

/** Lion (Chen et al. 2023): every value moves by the rate, in the direction of a momentum. */
final class Lion implements UpdateRule {
  private final Kernel kernel;
  private final States<NDArray> momenta;

  Lion(NDManager manager, Optimizer settings) {
    this.kernel =
        Kernel.load(
            manager,
            Lion.class,
            "lion.py",
            Map.of("beta1", settings.beta1(), "beta2", settings.beta2()));
    this.momenta =
        new States<>(manager, (owner, master) -> owner.zeros(master.getShape(), DataType.FLOAT32));
  }

  static long stateBytes(Parameter parameter) {
    return 4 * parameter.values();
  }

  /** The direction. */
  static long workBytes(Parameter parameter) {
    return Float.BYTES * parameter.values();
  }

  @Override
  public void update(UpdateGroup group, NDManager scratch) {
    group.update(kernel, "update", momenta, (call, m) -> call.withList("m", m), scratch);
  }

  @Override
  public void forget(String name) {
    momenta.forget(name);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
