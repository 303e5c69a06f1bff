package dev.polyphase.reports;

import java.util.List;

/**
 * The picture of what each phase trained, laid out: what is where. Whoever draws it draws the cells
 * and then the labels, and decides nothing more.
 *
 * @param width in pixels, as all lengths here
 * @param height likewise
 */
record Heatmap(int width, int height, List<Cell> cells, List<Label> labels) {

  Heatmap {
    cells = List.copyOf(cells);
    labels = List.copyOf(labels);
  }

  /**
   * A box of one colour.
   *
   * @param x of its left edge
   * @param y of its upper edge
   * @param fill {@code 0xRRGGBB}
   * @param marked whether a dot in its middle says that it was trained
   * @param title what to show while a pointer rests on it; may be empty
   */
  record Cell(int x, int y, int width, int height, int fill, boolean marked, String title) {

    double middleX() {
      return x + width / 2.0;
    }

    double middleY() {
      return y + height / 2.0;
    }

    double markRadius() {
      return Math.min(2.5, 0.2 * Math.min(width, height));
    }
  }

  /**
   * A line of text.
   *
   * @param x of its left edge, its middle or its right edge, as {@code anchor} says
   * @param y of its baseline
   */
  record Label(double x, double y, Anchor anchor, TextStyle style, String text) {

    /** Where its first letter begins. */
    double left() {
      return x - anchor.share * style.width(text);
    }
  }

  /** What a label's place is the place of. */
  enum Anchor {
    START(0),
    MIDDLE(0.5),
    END(1);

    private final double share;

    Anchor(double share) {
      this.share = share;
    }
  }
}
