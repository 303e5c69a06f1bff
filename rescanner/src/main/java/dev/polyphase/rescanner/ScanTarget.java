package dev.polyphase.rescanner;

import dev.polyphase.weights.TensorInfo;
import java.util.List;

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

  /**
   * The work of measuring it, to compare matrices by: elements times the shorter side, as of a
   * decomposition. At least 1, so that time left can be told of it.
   */
  public long work() {
    if (!isMatrix()) {
      return 1;
    }
    List<Long> shape = tensor.shape();
    long shorter = shape.size() == 1 ? 1 : Math.min(shape.get(0), shape.get(1));
    return tensor.elements() * shorter;
  }
}
