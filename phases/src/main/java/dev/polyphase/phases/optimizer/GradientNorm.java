package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/** The norm of a step's gradients before clipping, which the device may still be computing. */
public final class GradientNorm {
  private final @Nullable NDArray onDevice;
  private @Nullable Float value;

  private GradientNorm(@Nullable NDArray onDevice, @Nullable Float value) {
    this.onDevice = onDevice;
    this.value = value;
  }

  /** Of no gradients at all. */
  static GradientNorm ofNone() {
    return new GradientNorm(null, 0f);
  }

  /** Still to be read: float32 {@code []}. */
  static GradientNorm of(NDArray onDevice) {
    return new GradientNorm(onDevice, null);
  }

  /** The number. The first call waits for the device. */
  public float value() {
    if (value == null) {
      value = onDevice().getFloat();
    }
    return value;
  }

  NDArray onDevice() {
    if (onDevice == null) {
      throw new IllegalStateException("there are no gradients");
    }
    return onDevice;
  }
}
