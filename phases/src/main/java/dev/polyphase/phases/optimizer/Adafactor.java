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

  @Override
  public void update(UpdateGroup group, NDManager scratch) {
    updateMatrices(group.only(Adafactor::isMatrix), scratch);
    updateOthers(group.only(item -> !isMatrix(item)), scratch);
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

  private void updateMatrices(UpdateGroup group, NDManager scratch) {
    if (group.isEmpty()) {
      return;
    }
    List<Factors> current = matrices.of(group);
    kernel
        .method("update_matrices")
        .withList("masters", group.masters())
        .withList("gradients", group.gradients())
        .withList("rows", current.stream().map(Factors::rows).toList())
        .withList("columns", current.stream().map(Factors::columns).toList())
        .withList("steps", current.stream().map(Factors::steps).toList())
        .withNumber(group.learningRate())
        .withNumber(group.weightDecay())
        .run(scratch);
  }

  private void updateOthers(UpdateGroup group, NDManager scratch) {
    if (group.isEmpty()) {
      return;
    }
    List<Moment> current = others.of(group);
    kernel
        .method("update_others")
        .withList("masters", group.masters())
        .withList("gradients", group.gradients())
        .withList("v", current.stream().map(Moment::second).toList())
        .withList("steps", current.stream().map(Moment::steps).toList())
        .withNumber(group.learningRate())
        .withNumber(group.weightDecay())
        .run(scratch);
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
  }
}
