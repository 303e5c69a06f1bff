package dev.polyphase.reports;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A histogram of reward margins, as a part of an HTML page. */
final class MarginChart {
  private final Margins margins;
  private final Axis values;
  private final Axis pairs;

  private MarginChart(Margins margins, Axis values, Axis pairs) {
    this.margins = margins;
    this.values = values;
    this.pairs = pairs;
  }

  /** The figures with their captions: of pairs trained on, and of pairs held out. */
  static String figures(Margins margins) {
    Margins.@Nullable Spread training = margins.training();
    Margins.@Nullable Spread before = margins.heldOutBefore();
    Margins.@Nullable Spread after = margins.heldOutAfter();
    StringBuilder figures = new StringBuilder();
    if (training != null) {
      figures.append(
          figure(
              margins,
              "margins",
              "of " + shares(margins, training) + ", as seen last",
              training,
              null));
    }
    if (after != null) {
      String caption = "of " + shares(margins, after);
      if (before != null) {
        caption += "; before (line) " + shares(margins, before);
      }
      figures.append(figure(margins, "held-out margins", caption, after, before));
    }
    return figures.toString();
  }

  /**
   * One figure.
   *
   * @param bars drawn as bars
   * @param line drawn as their outline, or null
   */
  private static String figure(
      Margins margins,
      String name,
      String caption,
      Margins.Spread bars,
      Margins.@Nullable Spread line) {
    long most = Math.max(most(bars), line == null ? 0 : most(line));
    List<Double> edges = margins.edges();
    Axis values = Axis.over(edges.get(0), edges.get(edges.size() - 1), 6);
    String picture =
        most == 0
            ? "<p class=\"gap\">every pair is a tie</p>"
            : new MarginChart(margins, values, Axis.overWhole(0, most, 5)).draw(name, bars, line);
    return """
        <figure class="chart">
        <figcaption><b>%s</b> %s</figcaption>
        %s</figure>
        """
        .formatted(Markup.escape(name), Markup.escape(caption), picture);
  }

  /** {@code 200 pairs: 91.0 % above 0, 8.0 % below, 1.0 % ties}. */
  private static String shares(Margins margins, Margins.Spread spread) {
    long below = margins.below(spread);
    long above = spread.pairs() - spread.ties() - below;
    return "%s: %s above 0, %s below, %s ties"
        .formatted(
            Wording.count(spread.pairs(), "pair"),
            Wording.percent(above, spread.pairs()),
            Wording.percent(below, spread.pairs()),
            Wording.percent(spread.ties(), spread.pairs()));
  }

  private static long most(Margins.Spread spread) {
    return spread.counts().stream().mapToLong(Long::longValue).max().orElse(0);
  }

  private String draw(String name, Margins.Spread bars, Margins.@Nullable Spread line) {
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg viewBox="0 0 %d %d" role="img" aria-label="pairs by %s">
        """
            .formatted(Chart.WIDTH, Chart.HEIGHT, Markup.escape(name)));
    svg.append(Chart.rules(pairs)).append(Chart.below(values, "reward margin"));
    for (int bin = 0; bin < bars.counts().size(); bin++) {
      if (bars.counts().get(bin) > 0) {
        svg.append(bar(bin, bars.counts().get(bin)));
      }
    }
    if (line != null && most(line) > 0) {
      svg.append("<path class=\"curve\" d=\"").append(outline(line)).append("\"/>\n");
    }
    String zero = length(Chart.x(values, 0));
    svg.append(
        """
        <line class="zero" x1="%s" y1="%d" x2="%s" y2="%d"/>
        </svg>
        """
            .formatted(zero, Chart.TOP, zero, Chart.BOTTOM));
    return svg.toString();
  }

  private String bar(int bin, long count) {
    double from = Chart.x(values, margins.edges().get(bin));
    double to = Chart.x(values, margins.edges().get(bin + 1));
    double top = Chart.y(pairs, (double) count);
    return """
        <rect class="bar" x="%s" y="%s" width="%s" height="%s"><title>%s to %s: %s</title></rect>
        """
        .formatted(
            length(from),
            length(top),
            length(Math.max(0.5, to - from - 1)),
            length(Chart.BOTTOM - top),
            Wording.figure(margins.edges().get(bin)),
            Wording.figure(margins.edges().get(bin + 1)),
            Wording.count(count, "pair"));
  }

  /** Over the tops of its bins, from the axis to the axis. */
  private String outline(Margins.Spread spread) {
    StringBuilder path = new StringBuilder();
    path.append('M').append(length(Chart.x(values, margins.edges().get(0))));
    path.append(' ').append(length(Chart.BOTTOM));
    for (int bin = 0; bin < spread.counts().size(); bin++) {
      path.append('V').append(length(Chart.y(pairs, spread.counts().get(bin))));
      path.append('H').append(length(Chart.x(values, margins.edges().get(bin + 1))));
    }
    return path.append('V').append(length(Chart.BOTTOM)).toString();
  }

  private static String length(double length) {
    return String.format(Locale.ROOT, "%.1f", length);
  }
}
