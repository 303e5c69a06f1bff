package dev.polyphase.rescanner;

import dev.polyphase.weights.TensorInfo;

/**
 * Whether there is memory to begin with a matrix while another is decomposed: a scan stays within
 * two and a half times its largest matrix in float32, or a constant where all are small.
 */
final class WorkingMemory {
  /** What two matrices may always take. */
  private static final long CONSTANT_BYTES = 24L << 20;

  private static final double MOST_TIMES_FLOAT32 = 2.5;

  private WorkingMemory() {}

  static boolean holdsBoth(TensorInfo decomposed, TensorInfo next) {
    long largestInFloat32 = Float.BYTES * Math.max(decomposed.elements(), next.elements());
    long both = decomposing(decomposed) + multiplying(next);
    return both <= Math.max(CONSTANT_BYTES, MOST_TIMES_FLOAT32 * largestInFloat32);
  }

  /** The Gram matrix in float64 and the decomposition's copy of it, or two copies for svdvals. */
  private static long decomposing(TensorInfo tensor) {
    return switch (decomposition(tensor)) {
      case GRAM -> 2 * gram(tensor);
      case SVDVALS -> 2 * Float.BYTES * tensor.elements();
    };
  }

  /**
   * The tensor as stored, a slice of it and the Gram matrix; what waits for its turn takes none.
   */
  private static long multiplying(TensorInfo tensor) {
    return switch (decomposition(tensor)) {
      case GRAM -> tensor.byteCount() + slice(tensor) + gram(tensor);
      case SVDVALS -> 0;
    };
  }

  private static long slice(TensorInfo tensor) {
    long elements =
        Math.max(
            LibtorchSingularValues.SLICE_ELEMENTS,
            LibtorchSingularValues.SLICE_ROWS * shorter(tensor));
    return elements * Double.BYTES;
  }

  private static long gram(TensorInfo tensor) {
    return shorter(tensor) * shorter(tensor) * Double.BYTES;
  }

  private static long shorter(TensorInfo tensor) {
    return Math.min(LibtorchSingularValues.rows(tensor), LibtorchSingularValues.columns(tensor));
  }

  private static Decomposition decomposition(TensorInfo tensor) {
    return Decomposition.of(
        LibtorchSingularValues.rows(tensor), LibtorchSingularValues.columns(tensor), "cpu");
  }
}
