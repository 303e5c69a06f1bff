package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The loss of routing of one step, where {@code config.json} asks for it: the mean over the step's
 * passes, of which each has its own, as in Hugging Face's trainers. It is least where experts have
 * as many tokens as each other (Fedus et al. 2021, eq. 4), all layers of a pass together.
 */
public final class RoutingLoss {
  private final double weight;
  private final int passes;
  private final List<NDArray> unread = new ArrayList<>();
  private double sum;
  private int read;

  /**
   * Nothing heard yet.
   *
   * @param weight what the loss is multiplied by; 0 where none is asked for
   * @param passes how many the step has
   */
  RoutingLoss(double weight, int passes) {
    this.weight = weight;
    this.passes = passes;
  }

  /** Whether it is asked for. */
  boolean wanted() {
    return weight > 0;
  }

  /** What one pass's is multiplied by. */
  double weightOfPass() {
    return weight / passes;
  }

  /**
   * A pass's was computed.
   *
   * @param loss float64 {@code []}
   */
  void hear(NDArray loss) {
    unread.add(loss);
  }

  /** The mean over the passes so far; empty where none is asked for. Waits for the device. */
  public OptionalDouble mean() {
    for (NDArray loss : unread) {
      sum += loss.getDouble();
      loss.close();
      read++;
    }
    unread.clear();
    return read > 0 ? OptionalDouble.of(sum / read) : OptionalDouble.empty();
  }

  /** What it adds to the model's loss. */
  public double weighted() {
    return weight * mean().orElse(0);
  }
}
