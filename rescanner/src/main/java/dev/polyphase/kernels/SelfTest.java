package dev.polyphase.kernels;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Map;

/** Whether kernels compute what they should on a device. */
public final class SelfTest {
  private static final int SIZE = 64;

  private SelfTest() {}

  /**
   * The largest error of a matrix product, relative to the sum of the magnitudes of its terms,
   * which is what rounding is proportional to (Higham 2002, 3.5). It is compared with the same
   * product in float64 on Java's side.
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
    for (int row = 0; row < SIZE; row++) {
      for (int column = 0; column < SIZE; column++) {
        double exact = 0;
        double magnitude = 0;
        for (int i = 0; i < SIZE; i++) {
          double term = (double) a[row * SIZE + i] * b[i * SIZE + column];
          exact += term;
          magnitude += Math.abs(term);
        }
        double error = Math.abs(found[row * SIZE + column] - exact) / magnitude;
        // Unlike Math.max, so that what is no number is the largest of all.
        largest = error <= largest ? largest : error;
      }
    }
    return largest;
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
