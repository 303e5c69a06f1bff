package dev.polyphase.reports;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The places within a panel, the same in all panels of a heatmap: a row for each strip, a column
 * for each layer, and the layers' numbers between the strips and what lies outside the layers. All
 * lengths are pixels from the panel's upper left corner.
 */
final class Grid {

  /** Layers share this width, as far as each cell stays visible and is no wider than it is high. */
  private static final int LAYERS_WIDTH = 400;

  private static final int WIDEST_CELL = 24;
  private static final int NARROWEST_CELL = 4;
  private static final int NARROWEST_PANEL = 300;

  /** With more strips than these they are lower. */
  private static final int MOST_HIGH_STRIPS = 16;

  private static final int HIGH_STRIP = 22;
  private static final int LOW_STRIP = 14;
  private static final int STRIP_GAP = 2;

  /** Of each expert's line; a strip is no lower for it. */
  private static final int LINE_OF_EXPERT = 3;

  /** A panel without any strip has the height of these, to say in it why. */
  private static final int FEWEST_STRIPS = 3;

  private static final int AXIS = 18;

  private final List<Strip> strips;
  private final Map<String, Integer> rows = new HashMap<>();
  private final List<Integer> layers;
  private final int layeredStrips;
  private final int stripHeight;
  private final int[] tops;
  private final int cellWidth;

  private Grid(List<Strip> strips, List<Integer> layers) {
    this.strips = strips;
    this.layers = layers;
    strips.forEach(strip -> rows.put(strip.key(), rows.size()));
    layeredStrips = (int) strips.stream().filter(Strip::layered).count();
    stripHeight = strips.size() > MOST_HIGH_STRIPS ? LOW_STRIP : HIGH_STRIP;
    tops = new int[strips.size() + 1];
    for (int row = 0; row < strips.size(); row++) {
      tops[row + 1] = tops[row] + height(strips.get(row));
    }
    int share = LAYERS_WIDTH / Math.max(1, layers.size());
    cellWidth = Math.max(NARROWEST_CELL, Math.min(WIDEST_CELL, share));
  }

  static Grid of(Report report) {
    List<Integer> layers =
        report.phases().stream()
            .flatMap(phase -> phase.shown().stream())
            .map(ModuleReport::layer)
            .filter(Objects::nonNull)
            .distinct()
            .sorted()
            .toList();
    return new Grid(Strip.of(report), layers);
  }

  List<Strip> strips() {
    return strips;
  }

  List<Integer> layers() {
    return layers;
  }

  int panelWidth() {
    return Math.max(NARROWEST_PANEL, layers.size() * cellWidth);
  }

  int panelHeight() {
    return axisHeight() + Math.max(FEWEST_STRIPS * stripHeight, tops[strips.size()]);
  }

  /** What a strip takes: as much as any other, or more where lines of experts need it. */
  private int height(Strip strip) {
    return Math.max(stripHeight, strip.lines() * LINE_OF_EXPERT + STRIP_GAP);
  }

  /** The height of a strip without the gap below it. */
  int cellHeight(int row) {
    return height(strips.get(row)) - STRIP_GAP;
  }

  /** The height of a module: a strip's, or one line of it. */
  int cellHeight(ModuleReport module) {
    int row = row(module);
    return cellHeight(row) / strips.get(row).lines();
  }

  /** Between narrow cells no gap is left, or there would be more gap than cell. */
  int cellWidth(ModuleReport module) {
    int width = module.layer() == null ? WIDEST_CELL : cellWidth;
    return width > 5 ? width - 1 : width;
  }

  int x(ModuleReport module) {
    @Nullable Integer layer = module.layer();
    return layer == null ? 0 : layers.indexOf(layer) * cellWidth;
  }

  int y(ModuleReport module) {
    int row = row(module);
    return y(row) + strips.get(row).line(module) * cellHeight(module);
  }

  private int row(ModuleReport module) {
    return Objects.requireNonNull(rows.get(Strip.key(module)));
  }

  /** The upper edge of a strip. */
  int y(int row) {
    return tops[row] + (row < layeredStrips ? 0 : axisHeight());
  }

  /** The baseline of the layers' numbers. */
  int axisY() {
    return tops[layeredStrips] + 10;
  }

  double middleOfColumn(int column) {
    return column * cellWidth + cellWidth / 2.0;
  }

  /** How many columns one number stands for, that numbers keep apart. */
  int axisStep() {
    int step = 1;
    for (int wider : new int[] {2, 5, 10, 20, 50, 100}) {
      if (step * cellWidth < 24) {
        step = wider;
      }
    }
    return step;
  }

  private int axisHeight() {
    return layeredStrips == 0 ? 0 : AXIS;
  }
}
