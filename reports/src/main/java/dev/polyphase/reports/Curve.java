package dev.polyphase.reports;

import java.util.List;

/**
 * A figure over the steps of a phase.
 *
 * @param name its key in {@code metrics.jsonl}, as {@code loss}
 * @param points its values, by step
 */
public record Curve(String name, List<Point> points) {

  /**
   * One value.
   *
   * @param step the optimiser step, counted from 1; 0 is before the first
   * @param value the value, which may be infinite or NaN
   */
  public record Point(long step, double value) {}

  public Curve {
    points = List.copyOf(points);
  }

  /** Whether it is of a part of the rows, of which there may be many: of the loss of a dataset. */
  boolean ofDataset() {
    return name.startsWith("loss/") || name.startsWith("eval_loss/");
  }
}
