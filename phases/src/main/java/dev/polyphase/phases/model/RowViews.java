package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.weights.RowRanges;
import java.util.Map;

/** Shows some rows of an array as an array of its own, whatever the dtype and the device. */
public final class RowViews implements AutoCloseable {
  private final NDManager owner;
  private final Kernel kernel;

  /**
   * No views yet.
   *
   * @param parent on whose device the arrays are; any device's will do
   */
  public RowViews(NDManager parent) {
    this.owner = parent.newSubManager();
    this.kernel = Kernel.load(owner, RowViews.class, "rows.py", Map.of());
  }

  /** A view that lives as long as this. */
  NDArray of(NDArray array, RowRanges.Range rows) {
    return of(array, rows, owner);
  }

  NDArray of(NDArray array, RowRanges.Range rows, NDManager viewOwner) {
    return kernel
        .method("rows")
        .with(array)
        .withNumber(rows.start())
        .withNumber(rows.rows())
        .runForOne(viewOwner);
  }

  @Override
  public void close() {
    kernel.close();
    owner.close();
  }
}
