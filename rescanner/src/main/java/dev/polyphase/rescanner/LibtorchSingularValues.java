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

/**
 * Singular values by libtorch, one matrix at a time, each by the decomposition that its shape calls
 * for and by the published method where that could decide otherwise.
 */
public final class LibtorchSingularValues implements SingularValues {
  /** Elements of a slice that is widened to float64 at a time: 4 MiB of them. */
  static final int SLICE_ELEMENTS = 1 << 19;

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
    this.kernel = spectrumKernel(manager);
  }

  /** The methods of {@code spectrum.py} on the manager's device. */
  static Kernel spectrumKernel(NDManager manager) {
    return Kernel.load(
        manager,
        LibtorchSingularValues.class,
        "spectrum.py",
        Map.of("device", Libtorch.deviceName(manager), "sliceElements", SLICE_ELEMENTS));
  }

  /** One NaN where the tensor holds NaN or infinity. */
  @Override
  public float[] of(TensorInfo tensor) throws IOException {
    int dimensions = tensor.shape().size();
    long columns = tensor.shape().get(dimensions - 1);
    long rows = dimensions == 1 ? 1 : tensor.shape().get(0);
    return switch (Decomposition.of(rows, columns, Libtorch.deviceName(manager))) {
      case SVDVALS -> bySvdvals(tensor);
      case GRAM -> {
        float[] values = byGram(tensor);
        boolean certain = Float.isNaN(values[0]) || RoundingMargin.isKept(values, rows, columns);
        yield certain ? values : bySvdvals(tensor);
      }
    };
  }

  /** As the published scanner computes them. */
  float[] bySvdvals(TensorInfo tensor) throws IOException {
    try (NDManager scratch = manager.newSubManager()) {
      NDArray matrix = store.frozen(scratch, tensor, Precision.FLOAT32);
      return kernel.method("singular_values").with(matrix).runForOne(scratch).toFloatArray();
    }
  }

  /** By the eigenvalues of the Gram matrix, whatever rounding may do. */
  float[] byGram(TensorInfo tensor) throws IOException {
    try (NDManager scratch = manager.newSubManager()) {
      NDArray gram;
      // The file's pages are let go before the decomposition takes memory of its own.
      try (NDArray matrix = store.frozen(scratch, tensor, Precision.of(tensor))) {
        gram = kernel.method("gram").with(matrix).runForOne(scratch);
      }
      double[] ascending =
          kernel.method("eigenvalues").with(gram).runForOne(scratch).toDoubleArray();
      float[] values = new float[ascending.length];
      for (int i = 0; i < values.length; i++) {
        // Rounding makes some of the smallest negative. A NaN stays one.
        values[i] = (float) Math.sqrt(Math.max(0, ascending[values.length - 1 - i]));
      }
      return values;
    }
  }

  @Override
  public void close() {
    store.close();
    kernel.close();
    manager.close();
  }
}
