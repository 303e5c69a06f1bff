package dev.polyphase.reports;

import dev.polyphase.reports.Heatmap.Anchor;
import dev.polyphase.reports.Heatmap.Cell;
import dev.polyphase.reports.Heatmap.Label;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Decides what of a report is drawn where: a head, a legend, and a panel for each phase, side by
 * side, in which a strip of layers stands for each type of module.
 */
final class HeatmapLayout {
  private static final TextStyle HEADING = new TextStyle(16, true, TextStyle.Tone.INK);
  private static final TextStyle TITLE = new TextStyle(12, true, TextStyle.Tone.INK);
  private static final TextStyle TEXT = new TextStyle(10, false, TextStyle.Tone.INK);
  private static final TextStyle NOTE = new TextStyle(10, false, TextStyle.Tone.FAINT);

  private static final int MARGIN = 24;
  private static final int PANEL_GAP = 32;
  private static final int LABEL_GAP = 10;
  private static final int LINE = 15;

  /** Panels that would go beyond this begin a new row. */
  private static final int WIDEST = 1480;

  private static final int LONGEST_LABEL = 28;
  private static final int LONGEST_BASE_MODEL = 50;
  private static final int LEGEND_CELLS = 5;
  private static final int LEGEND_CELL = 14;

  private final Report report;
  private final int margin;
  private final Grid grid;
  private final int gutter;
  private final int columns;
  private final List<Cell> cells = new ArrayList<>();
  private final List<Label> labels = new ArrayList<>();

  private HeatmapLayout(Report report, int margin) {
    this.report = report;
    this.margin = margin;
    grid = Grid.of(report);
    double longest =
        grid.strips().stream().mapToDouble(strip -> TEXT.width(rowLabel(strip))).max().orElse(0);
    gutter = (int) Math.ceil(longest) + LABEL_GAP;
    int fitting = (WIDEST - 2 * margin - gutter + PANEL_GAP) / (grid.panelWidth() + PANEL_GAP);
    columns = Math.max(1, Math.min(fitting, report.phases().size()));
  }

  /** The picture that stands alone. */
  static Heatmap whole(Report report) {
    HeatmapLayout layout = new HeatmapLayout(report, MARGIN);
    return layout.below(layout.head());
  }

  /** The picture without its head and its margin, as a part of a page that has both. */
  static Heatmap headless(Report report) {
    return new HeatmapLayout(report, 0).below(0);
  }

  /** Everything below the head. */
  private Heatmap below(int head) {
    int y = legend(head);
    for (int first = 0; first < report.phases().size(); first += columns) {
      y = panels(first, Math.min(first + columns, report.phases().size()), y + LINE);
    }
    int width = 2 * margin + gutter + columns * (grid.panelWidth() + PANEL_GAP) - PANEL_GAP;
    // Of a small model the legend is wider than all panels.
    double widest =
        labels.stream()
            .mapToDouble(label -> label.left() + label.style().width(label.text()))
            .max()
            .orElse(0);
    int needed = (int) Math.ceil(widest) + margin;
    return new Heatmap(Math.max(width, needed), y + margin, cells, labels);
  }

  private int head() {
    int y = margin + HEADING.size() - 4;
    int most = (int) ((gutter + grid.panelWidth()) / HEADING.pitch());
    label(margin, y, HEADING, Wording.cut(report.name(), most));
    y += LINE + 5;
    label(
        margin,
        y,
        NOTE,
        Wording.cut(report.baseModel(), LONGEST_BASE_MODEL)
            + " · "
            + report.finishedPhases()
            + " of "
            + Wording.count(report.phases().size(), "phase")
            + " finished");
    return y + LINE;
  }

  private int legend(int y) {
    int x = legend(margin, y, true, "trained");
    x = legend(x, y, false, "frozen");
    label(x, y + 10, NOTE, "the stronger the colour, the higher the SNR");
    return y + LEGEND_CELL;
  }

  private int legend(int left, int y, boolean trained, String word) {
    for (int i = 0; i < LEGEND_CELLS; i++) {
      int fill = Colors.module(trained, 1 - i / (LEGEND_CELLS - 1.0));
      int x = left + i * LEGEND_CELL;
      cells.add(new Cell(x, y, LEGEND_CELL - 1, LEGEND_CELL - 1, fill, trained, ""));
    }
    int x = left + LEGEND_CELLS * LEGEND_CELL + 5;
    label(x, y + 10, TEXT, word);
    return x + (int) TEXT.width(word) + 16;
  }

  /** A row of panels, with the names of the strips before it. */
  private int panels(int first, int end, int top) {
    int y = top + TITLE.size() + LINE + 8;
    for (int row = 0; row < grid.strips().size(); row++) {
      double baseline = y + grid.y(row) + grid.cellHeight(row) / 2.0 + 3.5;
      String text = rowLabel(grid.strips().get(row));
      labels.add(new Label(margin + gutter - LABEL_GAP, baseline, Anchor.END, TEXT, text));
      String experts = expertsLabel(grid.strips().get(row));
      if (!experts.isEmpty() && grid.cellHeight(row) > 2 * LINE) {
        double below = baseline + LINE - 2;
        labels.add(new Label(margin + gutter - LABEL_GAP, below, Anchor.END, NOTE, experts));
      }
    }
    if (!grid.layers().isEmpty()) {
      double right = margin + gutter - LABEL_GAP;
      labels.add(new Label(right, y + grid.axisY(), Anchor.END, NOTE, "layer"));
    }
    int bottom = y;
    for (int i = first; i < end; i++) {
      PhaseReport phase = report.phases().get(i);
      int x = margin + gutter + (i - first) * (grid.panelWidth() + PANEL_GAP);
      title(i, phase, x, top + TITLE.size());
      if (phase.chosen()) {
        modules(phase, x, y);
        axis(x, y);
      } else {
        waiting(phase, x, y);
      }
      bottom = Math.max(bottom, summary(phase, x, y + grid.panelHeight() + LINE));
    }
    return bottom;
  }

  private void title(int index, PhaseReport phase, int x, int y) {
    int most = (int) (grid.panelWidth() / TITLE.pitch()) - 4;
    label(x, y, TITLE, (index + 1) + " " + Wording.cut(phase.name(), most));
    label(x, y + LINE, NOTE, fitted(phase.type() + " · " + phase.targeting()));
  }

  private void modules(PhaseReport phase, int left, int top) {
    Map<String, Integer> ranked = new HashMap<>();
    phase.modules().forEach(module -> ranked.merge(module.type(), 1, Integer::sum));
    Depths depths = Depths.of(phase.modules());
    for (ModuleReport module : phase.shown()) {
      cells.add(
          new Cell(
              left + grid.x(module),
              top + grid.y(module),
              grid.cellWidth(module),
              grid.cellHeight(module),
              Colors.module(module.selected(), depths.of(module)),
              module.selected(),
              Wording.title(module, ranked.getOrDefault(module.type(), 0))));
    }
  }

  private void axis(int left, int top) {
    for (int column = 0; column < grid.layers().size(); column += grid.axisStep()) {
      String layer = grid.layers().get(column).toString();
      double x = left + grid.middleOfColumn(column);
      labels.add(new Label(x, top + grid.axisY(), Anchor.MIDDLE, NOTE, layer));
    }
  }

  private void waiting(PhaseReport phase, int left, int top) {
    int width = grid.panelWidth();
    int height = grid.panelHeight();
    cells.add(new Cell(left, top, width, height, Colors.PENDING, false, ""));
    String state = Wording.state(phase.status());
    double y = top + height / 2.0 + 3.5;
    labels.add(new Label(left + width / 2.0, y, Anchor.MIDDLE, NOTE, state));
  }

  private int summary(PhaseReport phase, int x, int top) {
    int y = top;
    for (String line : Summary.of(phase)) {
      label(x, y, y == top ? TEXT : NOTE, fitted(line));
      y += LINE;
    }
    return y;
  }

  private static String rowLabel(Strip strip) {
    return Wording.cut(strip.label(), LONGEST_LABEL);
  }

  /** Whose lines a strip of experts has; empty for any other. */
  private static String expertsLabel(Strip strip) {
    return strip.experts().isEmpty()
        ? ""
        : "experts %d to %d"
            .formatted(strip.experts().get(0), strip.experts().get(strip.experts().size() - 1));
  }

  private String fitted(String text) {
    return Wording.cut(text, (int) (grid.panelWidth() / TEXT.pitch()));
  }

  private void label(int x, int y, TextStyle style, String text) {
    labels.add(new Label(x, y, Anchor.START, style, text));
  }
}
