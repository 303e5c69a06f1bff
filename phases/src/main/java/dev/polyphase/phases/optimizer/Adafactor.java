package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.Parameter;
import java.util.List;
import java.util.Map;

/**
 * Adafactor (Shazeer and Stern 2018) as {@code optim: adafactor} means it in Hugging Face's
 * trainer: the phase's rate, no first moment, a second one that a matrix keeps as the means of its
 * rows and columns.
 */
final class Adafactor implements UpdateRule {
  private final Kernel kernel;
  private final States<Factors> matrices;
  private final States<Moment> others;

  Adafactor(NDManager manager) {
    this.kernel = Kernel.load(manager, Adafactor.class, "adafactor.py", Map.of());
    this.matrices = new States<>(manager, Factors::zero);
    this.others = new States<>(manager, Moment::zero);
  }

  static long stateBytes(Parameter parameter) {
    List<Long> shape = parameter.shape();
    return 4 * (shape.size() == 2 ? shape.get(0) + shape.get(1) : parameter.values());
  }

  /** The gradients' squares twice, and later the update and what is added of it. */
  static long workBytes(Parameter parameter) {
    return 2 * Float.BYTES * parameter.values();
  }

  /** An update's root mean square is 1 at most; it may all be in one value. */
  static double largestUpdate(Parameter parameter) {
    return Math.sqrt((double) parameter.values());
  }

  @Override
  public void update(UpdateGroup group, NDManager scratch) {
    group
        .only(Adafactor::isMatrix)
        .update(kernel, "update_matrices", matrices, Factors::give, scratch);
    group
        .only(item -> !isMatrix(item))
        .update(kernel, "update_others", others, Moment::give, scratch);
  }

  @Override
  public void forget(String name) {
    matrices.forget(name);
    others.forget(name);
  }

  @Override
  public void close() {
    kernel.close();
  }

  private static boolean isMatrix(UpdateGroup.Item item) {
    return item.master().getShape().dimension() == 2;
  }

  /**
   * A matrix's second moment.
   *
   * @param rows the mean of each row
   * @param columns the mean of each column
   * @param steps how many updates it has seen, float32 {@code []}
   */
  private record Factors(NDArray rows, NDArray columns, NDArray steps) {
    static Factors zero(NDManager owner, NDArray master) {
      return new Factors(
          owner.zeros(new Shape(master.getShape().get(0)), DataType.FLOAT32),
          owner.zeros(new Shape(master.getShape().get(1)), DataType.FLOAT32),
          owner.zeros(new Shape(), DataType.FLOAT32));
    }

    static void give(Kernel.Call call, List<Factors> factors) {
      call.withList("rows", factors.stream().map(Factors::rows).toList())
          .withList("columns", factors.stream().map(Factors::columns).toList())
          .withList("steps", factors.stream().map(Factors::steps).toList());
    }
  }

  /**
   * The second moment of what is no matrix.
   *
   * @param second of the master's shape
   * @param steps how many updates it has seen, float32 {@code []}
   */
  private record Moment(NDArray second, NDArray steps) {
    static Moment zero(NDManager owner, NDArray master) {
      return new Moment(
          owner.zeros(master.getShape(), DataType.FLOAT32),
          owner.zeros(new Shape(), DataType.FLOAT32));
    }

    static void give(Kernel.Call call, List<Moment> moments) {
      call.withList("v", moments.stream().map(Moment::second).toList())
          .withList("steps", moments.stream().map(Moment::steps).toList());
    }
  }
}
