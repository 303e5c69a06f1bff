package dev.polyphase.reports;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;

/** A curve over the steps of a phase, as a part of an HTML page. */
final class Chart {
  static final int WIDTH = 440;
  static final int HEIGHT = 210;
  static final int TOP = 10;
  static final int BOTTOM = HEIGHT - 38;
  private static final int LEFT = 54;
  private static final int RIGHT = WIDTH - 12;

  private final Curve curve;
  private final Axis steps;
  private final Axis values;

  private Chart(Curve curve, Axis steps, Axis values) {
    this.curve = curve;
    this.steps = steps;
    this.values = values;
  }

  /** The figure with its caption. */
  static String figure(Curve curve) {
    List<Curve.Point> points = curve.points();
    DoubleSummaryStatistics finite =
        points.stream()
            .mapToDouble(Curve.Point::value)
            .filter(Double::isFinite)
            .summaryStatistics();
    String picture = "<p class=\"gap\">no finite value</p>";
    if (finite.getCount() > 0) {
      long first = points.get(0).step();
      long last = points.get(points.size() - 1).step();
      Axis values = Axis.around(finite.getMin(), finite.getMax(), 5);
      picture = new Chart(curve, Axis.overWhole(first, last, 6), values).draw();
    }
    long lost = points.size() - finite.getCount();
    String note = lost == 0 ? "" : ", " + Wording.count(lost, "value") + " not finite";
    return """
        <figure class="chart">
        <figcaption><b>%s</b> %s%s</figcaption>
        %s</figure>
        """
        .formatted(Markup.escape(curve.name()), Summary.ends(curve), note, picture);
  }

  private String draw() {
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg viewBox="0 0 %d %d" role="img" aria-label="%s by step">
        """
            .formatted(WIDTH, HEIGHT, Markup.escape(curve.name())));
    svg.append(rules(values)).append(below(steps, "step"));
    svg.append(
        """
        <path class="curve" d="%s"/>
        </svg>
        """
            .formatted(path()));
    return svg.toString();
  }

  /** The ticks of the upright axis. */
  static String rules(Axis values) {
    StringBuilder rules = new StringBuilder();
    for (double tick : values.ticks()) {
      double y = y(values, tick);
      rules.append(
          """
          <line class="rule" x1="%d" y1="%s" x2="%d" y2="%s"/>
          <text x="%d" y="%s" text-anchor="end">%s</text>
          """
              .formatted(
                  LEFT, length(y), RIGHT, length(y), LEFT - 7, length(y + 4), values.text(tick)));
    }
    return rules.toString();
  }

  /** The ticks of the level axis and what it is of. */
  static String below(Axis axis, String name) {
    StringBuilder ticks = new StringBuilder();
    for (double tick : axis.ticks()) {
      ticks.append(
          """
          <text x="%s" y="%d" text-anchor="middle">%s</text>
          """
              .formatted(length(x(axis, tick)), BOTTOM + 17, axis.text(tick)));
    }
    ticks.append(
        """
        <text x="%d" y="%d" text-anchor="middle">%s</text>
        """
            .formatted((LEFT + RIGHT) / 2, HEIGHT - 5, name));
    return ticks.toString();
  }

  /** The line through all points, broken where a value is not finite. */
  private String path() {
    StringBuilder path = new StringBuilder();
    boolean drawing = false;
    for (Curve.Point point : thinned(curve.points())) {
      if (Double.isFinite(point.value())) {
        path.append(drawing ? 'L' : 'M');
        path.append(length(x(steps, (double) point.step())));
        path.append(' ').append(length(y(values, point.value())));
      }
      // A line to where it begins shows a value that stands alone.
      if (Double.isFinite(point.value()) && !drawing) {
        path.append("h0");
      }
      drawing = Double.isFinite(point.value());
    }
    return path.toString();
  }

  /**
   * Long curves by their first, least, greatest and last value within each column of pixels: what
   * an eye could see of them, peaks included.
   */
  private List<Curve.Point> thinned(List<Curve.Point> points) {
    if (points.size() <= 4 * WIDTH) {
      return points;
    }
    List<Curve.Point> kept = new ArrayList<>();
    int begin = 0;
    for (int i = 1; i <= points.size(); i++) {
      if (i == points.size() || column(points.get(i)) != column(points.get(begin))) {
        addExtremes(points.subList(begin, i), kept);
        begin = i;
      }
    }
    return kept;
  }

  private static void addExtremes(List<Curve.Point> column, List<Curve.Point> kept) {
    int least = 0;
    int greatest = 0;
    for (int i = 1; i < column.size(); i++) {
      double value = column.get(i).value();
      // A value that is not finite is neither, but the line breaks at it.
      if (!Double.isFinite(value)) {
        kept.addAll(column);
        return;
      }
      least = value < column.get(least).value() ? i : least;
      greatest = value > column.get(greatest).value() ? i : greatest;
    }
    int[] order = {0, Math.min(least, greatest), Math.max(least, greatest), column.size() - 1};
    int previous = -1;
    for (int i : order) {
      if (i != previous) {
        kept.add(column.get(i));
      }
      previous = i;
    }
  }

  private int column(Curve.Point point) {
    return (int) x(steps, (double) point.step());
  }

  static double x(Axis axis, double value) {
    return LEFT + axis.share(value) * (RIGHT - LEFT);
  }

  static double y(Axis axis, double value) {
    return BOTTOM - axis.share(value) * (BOTTOM - TOP);
  }

  private static String length(double length) {
    return String.format(Locale.ROOT, "%.1f", length);
  }
}
