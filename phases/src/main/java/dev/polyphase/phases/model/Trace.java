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
   */
  record Input(NDArray x, NDArray output) implements Trace {
    @Override
    public void close() {
      x.close();
    }
  }

  /**
   * The graph, which lives as long as the output.
   *
   * @param output the graph's end
   * @param said what experts say of their routing, probabilities first; empty where they say
   *     nothing
   * @param leaves the arrays whose gradients are wanted: the input if its is, then the weights
   */
  record Graph(NDArray output, List<NDArray> said, List<NDArray> leaves) implements Trace {
    @Override
    public void close() {
      output.close();
      said.forEach(NDArray::close);
      leaves.forEach(NDArray::close);
    }
  }
}
