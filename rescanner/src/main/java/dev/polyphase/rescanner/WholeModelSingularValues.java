package dev.polyphase.rescanner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The published scanner's method, to compare with: all weights are in memory in float32, and every
 * matrix goes through {@code svdvals}.
 */
public final class WholeModelSingularValues implements SingularValues {
  private final NDManager manager;
  private final TensorStore store;
  private final Kernel kernel;
  private final Map<String, NDArray> weights = new HashMap<>();

  /**
   * Reads the model.
   *
   * @param device as in {@link Libtorch#newManager}
   * @param tensors the tensors that will be asked for, and any others
   */
  public WholeModelSingularValues(String device, List<TensorInfo> tensors) throws IOException {
    this.manager = Libtorch.newManager(device);
    this.store = new TensorStore(manager);
    this.kernel = LibtorchSingularValues.spectrumKernel(manager);
    for (TensorInfo tensor : tensors) {
      weights.put(tensor.name(), store.writable(manager, tensor, Precision.FLOAT32));
    }
  }

  @Override
  public float[] of(TensorInfo tensor) {
    NDArray matrix = Objects.requireNonNull(weights.get(tensor.name()), tensor.name());
    try (NDManager scratch = manager.newSubManager()) {
      return kernel.method("singular_values").with(matrix).runForOne(scratch).toFloatArray();
    }
  }

  @Override
  public void close() {
    store.close();
    kernel.close();
    Libtorch.close(manager);
  }
}
