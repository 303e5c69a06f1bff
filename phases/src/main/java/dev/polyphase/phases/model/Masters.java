package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.polyphase.kernels.Kernel;
import java.util.List;
import java.util.Map;

/**
 * What is computed of masters in halves and of gradients of 16 bits, on whatever device they are.
 */
final class Masters implements AutoCloseable {
  private final Kernel kernel;

  /**
   * Loads the kernel.
   *
   * @param owner of it; any device's will do
   */
  Masters(NDManager owner) {
    this.kernel = Kernel.load(owner, Masters.class, List.of("masters.py", Master.SOURCE), Map.of());
  }

  /**
   * A master in halves.
   *
   * @param values float32
   * @param owner of the halves, on the values' device
   */
  Master.Halves halves(NDArray values, NDManager owner) {
    NDList halves = kernel.method("halves").with(values).run(owner);
    return new Master.Halves(halves.get(0), halves.get(1), this);
  }

  NDArray values(Master.Halves halves, NDManager owner) {
    return kernel.method("values").with(halves.upper()).with(halves.rest()).runForOne(owner);
  }

  void set(Master.Halves halves, NDArray values) {
    try (NDManager scratch = halves.rest().getManager().newSubManager()) {
      kernel.method("set").with(halves.upper()).with(halves.rest()).with(values).run(scratch);
    }
  }

  /**
   * The sum of two gradients of one tensor, float32.
   *
   * @param sum of 16 bits or float32, which is taken over
   * @param more likewise
   * @param owner of the sum where it is a new array
   */
  NDArray sum(NDArray sum, NDArray more, NDManager owner) {
    try (more) {
      if (isFloat32(sum) && isFloat32(more)) {
        return sum.addi(more);
      }
      if (isFloat32(sum)) {
        try (NDManager scratch = owner.newSubManager()) {
          kernel.method("add").with(sum).with(more).run(scratch);
        }
        return sum;
      }
      try (sum) {
        return kernel.method("sum").with(sum).with(more).runForOne(owner);
      }
    }
  }

  /**
   * A gradient in float32.
   *
   * @param gradient of 16 bits or float32, which is taken over
   * @param owner of the result where it is a new array
   */
  NDArray wide(NDArray gradient, NDManager owner) {
    if (isFloat32(gradient)) {
      return gradient;
    }
    try (gradient) {
      return kernel.method("wide").with(gradient).runForOne(owner);
    }
  }

  /** Whether an array is float32; bfloat16 has no name there. */
  static boolean isFloat32(NDArray array) {
    return array.getDataType() == DataType.FLOAT32;
  }

  @Override
  public void close() {
    kernel.close();
  }
}
