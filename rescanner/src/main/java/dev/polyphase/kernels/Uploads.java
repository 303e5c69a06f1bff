package dev.polyphase.kernels;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Map;
import java.util.function.Function;

/**
 * Brings a step's small arrays to a device. {@code NDManager.create} would do, but on a GPU it
 * waits until all is done that the GPU was asked for before; here nothing waits.
 */
public final class Uploads implements AutoCloseable {
  private final Kernel kernel;
  private final boolean toGpu;

  /** Uploads to the manager's device. */
  public Uploads(NDManager manager) {
    this.kernel =
        Kernel.load(
            manager, Uploads.class, "uploads.py", Map.of("device", Libtorch.deviceName(manager)));
    this.toGpu = manager.getDevice().isGpu();
  }

  /**
   * Whole numbers, int64.
   *
   * @param owner the manager that the array belongs to
   */
  public NDArray of(NDManager owner, long[] values, long... shape) {
    return of(owner, manager -> manager.create(values, new Shape(shape)));
  }

  /**
   * Whole numbers, int32 {@code [n]}.
   *
   * @param owner the manager that the array belongs to
   */
  public NDArray of(NDManager owner, int[] values) {
    return of(owner, manager -> manager.create(values));
  }

  /**
   * Numbers, float32.
   *
   * @param owner the manager that the array belongs to
   */
  public NDArray of(NDManager owner, float[] values, long... shape) {
    return of(owner, manager -> manager.create(values, new Shape(shape)));
  }

  /**
   * Numbers, float64.
   *
   * @param owner the manager that the array belongs to
   */
  public NDArray of(NDManager owner, double[] values, long... shape) {
    return of(owner, manager -> manager.create(values, new Shape(shape)));
  }

  @Override
  public void close() {
    kernel.close();
  }

  private NDArray of(NDManager owner, Function<NDManager, NDArray> creation) {
    if (!toGpu) {
      // What Java created lies in Java's memory, which goes with that array alone: another that is
      // a view of it would read what lies there next.
      try (NDArray ofJava = creation.apply(owner)) {
        NDArray own = ofJava.duplicate();
        own.attach(owner);
        return own;
      }
    }
    try (NDManager cpu = owner.newSubManager(Device.cpu())) {
      return kernel.method("upload").with(creation.apply(cpu)).runForOne(owner);
    }
  }
}
