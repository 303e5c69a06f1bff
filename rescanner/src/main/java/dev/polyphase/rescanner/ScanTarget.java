package dev.polyphase.rescanner;

import dev.polyphase.weights.TensorInfo;

/**
 * A module to measure.
 *
 * @param module its name
 * @param type the requested type that it is ranked in
 * @param tensor its weight; of fused experts one expert's part, named {@code NAME[expert]}
 * @param parameters what it trains: the elements of its weight and its bias
 */
public record ScanTarget(ModuleName module, String type, TensorInfo tensor, long parameters) {

  /** Whether it has singular values: a matrix, or a vector as a matrix of one row. */
  boolean isMatrix() {
    int dimensions = tensor.shape().size();
    return (dimensions == 1 || dimensions == 2) && tensor.elements() > 0;
  }
}
