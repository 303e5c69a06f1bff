package dev.polyphase.reports;

/** The heatmap as PNG, for READMEs and messages. It needs no display, no fonts, no libraries. */
public final class HeatmapPng {

  /** Pixels for each of the layout's, for sharp text on today's screens. */
  private static final int SCALE = 2;

  /** Above this area, as of a mixture of very many experts, the picture is drawn at half size. */
  private static final long LARGE = 8_000_000;

  private HeatmapPng() {}

  /** The bytes of {@code heatmap.png}. */
  public static byte[] write(Report report) {
    Heatmap heatmap = HeatmapLayout.whole(report);
    boolean large = (long) heatmap.width() * heatmap.height() > LARGE;
    Canvas canvas = new Canvas(heatmap.width(), heatmap.height(), large ? 1 : SCALE, Colors.PAGE);
    for (Heatmap.Cell cell : heatmap.cells()) {
      canvas.fill(cell.x(), cell.y(), cell.width(), cell.height(), cell.fill());
      if (cell.marked()) {
        canvas.disc(cell.middleX(), cell.middleY(), cell.markRadius(), Colors.MARK);
      }
    }
    for (Heatmap.Label label : heatmap.labels()) {
      canvas.text(label.left(), label.y(), label.style(), label.text());
    }
    return canvas.png();
  }
}
