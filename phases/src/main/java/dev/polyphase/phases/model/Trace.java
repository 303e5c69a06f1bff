package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** What one block's forward pass leaves for its backward pass. */
sealed interface Trace extends AutoCloseable {

  /** The block's output, {@code [batch, seq, hidden]}. */
  NDArray output();

  /** Lets go of what was kept. */
  @Override
  void close();

  /**
   * The input, to compute the block again.
   *
   * @param x {@code [batch, seq, hidden]}
   * @param output belongs to the block above, whose input it is
   * @param ofGraph whether the input is the end of the graph of the block below, whose it is
   */
  record Input(NDArray x, NDArray output, boolean ofGraph) implements Trace {
    @Override
    public void close() {
      if (!ofGraph) {
        x.close();
      }
    }
  }

  /**
   * What the derivatives need.
   *
   * @param output the block's
   * @param kept as its kernel gave it; graphs of autograd live as long as these
   */
  record Graph(NDArray output, List<NDArray> kept) implements Trace {
    @Override
    public void close() {
      output.close();
      kept.forEach(NDArray::close);
    }
  }
}
