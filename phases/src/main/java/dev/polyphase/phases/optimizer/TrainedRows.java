package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.weights.RowRanges;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Parameters of which only some rows are trained. What the optimiser gets of them are views of
 * those rows, each as a parameter of its own: the other rows have no part in the gradients' norm,
 * no moments, no decay, and are never written to.
 */
public final class TrainedRows implements AutoCloseable {
  private final Kernel kernel;
  private final Map<String, RowRanges> ranges;

  /**
   * Rows to train.
   *
   * @param ranges by parameter; one that is not named trains whole
   */
  public TrainedRows(NDManager manager, Map<String, RowRanges> ranges) {
    this.kernel = Kernel.load(manager, TrainedRows.class, "rows.py", Map.of());
    this.ranges = Map.copyOf(ranges);
  }

  /**
   * The rows to train of some arrays.
   *
   * @param arrays masters or gradients by parameter
   * @param owner of the views
   * @return the arrays that train whole, and views named {@code NAME[start:end]} of the others
   */
  public Map<String, NDArray> of(Map<String, NDArray> arrays, NDManager owner) {
    Map<String, NDArray> trained = new LinkedHashMap<>();
    arrays.forEach(
        (name, array) -> {
          RowRanges ofArray = ranges.get(name);
          if (ofArray == null) {
            trained.put(name, array);
            return;
          }
          for (RowRanges.Range range : ofArray.ranges()) {
            trained.put(
                "%s[%d:%d]".formatted(name, range.start(), range.end()),
                kernel
                    .method("rows")
                    .with(array)
                    .withNumber(range.start())
                    .withNumber(range.rows())
                    .runForOne(owner));
          }
        });
    return trained;
  }

  @Override
  public void close() {
    kernel.close();
  }
}
