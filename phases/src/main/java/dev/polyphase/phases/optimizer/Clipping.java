package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Scales gradients down to a common norm, as {@code torch.nn.utils.clip_grad_norm_} does. */
final class Clipping implements AutoCloseable {
  private final Kernel kernel;
  private final boolean clips;

  /**
   * Clipping at a norm.
   *
   * @param maxGradNorm 0 for none
   */
  Clipping(NDManager manager, double maxGradNorm) {
    this.kernel =
        Kernel.load(manager, Clipping.class, "clip.py", Map.of("max_grad_norm", maxGradNorm));
    this.clips = maxGradNorm > 0;
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

  /** Scales gradients in place, where their norm is above the limit. */
  void scale(List<Numbered> places, NDArray norm, NDManager scratch) {
    if (clips) {
      for (Numbered place : places) {
        kernel.method("scale").withList("gradients", place.gradients()).with(norm).run(scratch);
      }
    }
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
