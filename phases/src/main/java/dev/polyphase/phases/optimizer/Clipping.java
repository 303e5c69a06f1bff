package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.polyphase.kernels.Kernel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Scales gradients down to a common norm, as {@code torch.nn.utils.clip_grad_norm_} does. */
final class Clipping implements AutoCloseable {
  private final Kernel kernel;
  private final double maxGradNorm;

  /**
   * Clipping at a norm.
   *
   * @param maxGradNorm 0 for none
   */
  Clipping(NDManager manager, double maxGradNorm) {
    this.kernel = Kernel.load(manager, Clipping.class, "clip.py", Map.of());
    this.maxGradNorm = maxGradNorm;
  }

  /**
   * The norm of gradients, float32 {@code []}; nothing waits for it.
   *
   * @param places the gradients of each place that has any, with their numbers; the norm does not
   *     depend on how they are spread
   */
  NDArray norm(List<Numbered> places, NDManager scratch) {
    List<NDArray> parts = new ArrayList<>();
    List<Integer> numbers = new ArrayList<>();
    for (Numbered place : places) {
      parts.add(kernel.method("norms").withList("gradients", place.gradients()).runForOne(scratch));
      numbers.addAll(place.numbers());
    }
    long[] order = new long[numbers.size()];
    for (int i = 0; i < order.length; i++) {
      order[numbers.get(i)] = i;
    }
    return kernel.method("norm").withList("parts", parts).withNumbers(order).runForOne(scratch);
  }

  /**
   * What gradients of a norm are multiplied by: {@code min(1, max_norm / (norm + 1e-6))}, in
   * float32 as PyTorch computes it.
   */
  double scale(float norm) {
    return maxGradNorm > 0 ? Math.min(1f, 1 / (norm + 1e-6f) * (float) maxGradNorm) : 1;
  }

  /**
   * Scales gradients in place.
   *
   * @param gradients float32, on one device
   */
  void scale(List<NDArray> gradients, double scale, NDManager scratch) {
    kernel.method("scale").withList("gradients", gradients).withNumber(scale).run(scratch);
  }

  /** Whether a gradient is float32, and not of the compute's 16 bits. */
  static boolean isFloat32(NDArray gradient) {
    return gradient.getDataType() == DataType.FLOAT32;
  }

  @Override
  public void close() {
    kernel.close();
  }

  /**
   * The gradients of one place.
   *
   * @param numbers of each among all gradients, counted from 0
   */
  record Numbered(List<Integer> numbers, List<NDArray> gradients) {}
}
