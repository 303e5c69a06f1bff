package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.TrainedPart;
import java.util.List;
import java.util.Map;

/**
 * Adafactor (Shazeer and Stern 2018) as {@code optim: adafactor} means it in Hugging Face's
 * trainer: the phase's rate, no first moment, a second one that a matrix keeps as the means of its
 * rows and columns.
 *
 * <p>States: of a matrix the mean of each row and each column, {@code rows} and {@code columns}; of
 * others the second moment {@code v}; and {@code steps}, how many updates it has seen.
 */
final class Adafactor implements UpdateRule {
  private final Kernel kernel;

  Adafactor(NDManager manager, boolean halves) {
    this.kernel = UpdateRule.load(manager, "adafactor.py", Map.of(), halves);
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
  public Map<String, NDArray> newState(TrainedPart part, NDManager owner) {
    Shape shape = part.master().shape();
    NDArray steps = owner.zeros(new Shape(), DataType.FLOAT32);
    return isMatrix(part)
        ? Map.of(
            "rows", owner.zeros(new Shape(shape.get(0)), DataType.FLOAT32),
            "columns", owner.zeros(new Shape(shape.get(1)), DataType.FLOAT32),
            "steps", steps)
        : Map.of("v", owner.zeros(shape, DataType.FLOAT32), "steps", steps);
  }

  @Override
  public void update(List<TrainedPart> parts, Settings how, NDManager scratch) {
    List<TrainedPart> matrices = parts.stream().filter(Adafactor::isMatrix).toList();
    if (!matrices.isEmpty()) {
      how.to(UpdateRule.call(kernel, "update_matrices", matrices, "rows", "columns", "steps"))
          .run(scratch);
    }
    List<TrainedPart> others = parts.stream().filter(part -> !isMatrix(part)).toList();
    if (!others.isEmpty()) {
      how.to(UpdateRule.call(kernel, "update_others", others, "v", "steps")).run(scratch);
    }
  }

  @Override
  public void close() {
    kernel.close();
  }

  private static boolean isMatrix(TrainedPart part) {
    return part.master().shape().dimension() == 2;
  }
}
