package dev.polyphase.rescanner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.Map;

/** Singular values by libtorch, one matrix at a time. */
public final class LibtorchSingularValues implements SingularValues {
  private final NDManager manager;
  private final TensorStore store;
  private final Kernel kernel;

  /**
   * On a device.
   *
   * @param device as in {@link Libtorch#newManager}
   */
  public LibtorchSingularValues(String device) {
    this.manager = Libtorch.newManager(device);
    this.store = new TensorStore(manager);
    this.kernel =
        Kernel.load(
            manager,
            LibtorchSingularValues.class,
            "spectrum.py",
            Map.of("device", Libtorch.deviceName(manager)));
  }

  /** One NaN where the tensor holds NaN or infinity. */
  @Override
  public float[] of(TensorInfo tensor) throws IOException {
    try (NDManager scratch = manager.newSubManager()) {
      NDArray matrix = store.frozen(scratch, tensor, Precision.FLOAT32);
      return kernel.method("singular_values").with(matrix).runForOne(scratch).toFloatArray();
    }
  }

  @Override
  public void close() {
    store.close();
    kernel.close();
    manager.close();
  }
}
