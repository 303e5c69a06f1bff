package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import java.util.List;
import java.util.Map;

/** Scales gradients down to a common norm, as {@code torch.nn.utils.clip_grad_norm_} does. */
final class Clipping implements AutoCloseable {
  private final Kernel kernel;

  /**
   * Clipping at a norm.
   *
   * @param maxGradNorm 0 for none
   */
  Clipping(NDManager manager, double maxGradNorm) {
    this.kernel =
        Kernel.load(manager, Clipping.class, "clip.py", Map.of("max_grad_norm", maxGradNorm));
  }

  /**
   * Clips gradients in place.
   *
   * @return their norm before
   */
  float clip(List<NDArray> gradients, NDManager scratch) {
    return kernel.method("clip").withList("gradients", gradients).runForOne(scratch).getFloat();
  }

  @Override
  public void close() {
    kernel.close();
  }
}
