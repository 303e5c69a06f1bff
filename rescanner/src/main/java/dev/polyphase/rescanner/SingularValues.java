package dev.polyphase.rescanner;

import dev.polyphase.weights.TensorInfo;
import java.io.IOException;

/** Computes the singular values of a tensor of a checkpoint. */
@FunctionalInterface
public interface SingularValues extends AutoCloseable {

  /**
   * The singular values in descending order, in float32: min(rows, columns) of them.
   *
   * @param tensor a matrix [rows, columns], or a vector [n] that counts as a matrix [1, n]; it has
   *     at least one element
   * @return not-a-numbers where the weights hold a value that is not finite
   * @throws IOException when the tensor cannot be read
   */
  float[] of(TensorInfo tensor) throws IOException;

  /** Tells, from any thread, that a tensor will be asked for soon, so that it may be begun. */
  default void expect(TensorInfo tensor) {}

  /** Frees what the computation holds. */
  @Override
  default void close() {}
}
