package dev.polyphase.kernels;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Map;

/** Whether kernels compute what they should on a device. */
public final class SelfTest {
  private static final int SIZE = 64;

  private SelfTest() {}

  /**
   * The largest error of a matrix product, relative to its largest value; the same product in
   * float64 on Java's side is what it is compared with.
   *
   * @param device as in {@link Libtorch#newManager}
   * @param precision of the product
   */
  public static double productError(String device, Precision precision) {
    float[] a = new float[SIZE * SIZE];
    float[] b = new float[SIZE * SIZE];
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) Math.sin(i);
      b[i] = (float) Math.cos(3 * i);
    }
    float[] found = product(a, b, device, precision);
    double largest = 0;
    double error = 0;
    for (int row = 0; row < SIZE; row++) {
      for (int column = 0; column < SIZE; column++) {
        double exact = 0;
        for (int i = 0; i < SIZE; i++) {
          exact += (double) a[row * SIZE + i] * b[i * SIZE + column];
        }
        largest = Math.max(largest, Math.abs(exact));
        error = Math.max(error, Math.abs(found[row * SIZE + column] - exact));
      }
    }
    return error / largest;
  }

  private static float[] product(float[] a, float[] b, String device, Precision precision) {
    try (NDManager manager = Libtorch.newManager(device);
        Kernel kernel = Kernel.load(manager, SelfTest.class, "selftest.py", Map.of())) {
      return kernel
          .method("product")
          .with(manager.create(a, new Shape(SIZE, SIZE)))
          .with(manager.create(b, new Shape(SIZE, SIZE)))
          .with(manager.create(precision.code()))
          .runForOne(manager)
          .toFloatArray();
    }
  }
}
