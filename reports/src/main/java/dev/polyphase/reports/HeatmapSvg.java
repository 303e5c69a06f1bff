package dev.polyphase.reports;

import java.util.Locale;

/**
 * The heatmap as SVG. Colours are attributes, which every viewer understands and a page's style
 * sheet overrides by class.
 */
public final class HeatmapSvg {

  private HeatmapSvg() {}

  /** The text of {@code heatmap.svg}. */
  public static String write(Report report) {
    return draw(HeatmapLayout.whole(report), report, " xmlns=\"http://www.w3.org/2000/svg\"");
  }

  /** The same as a part of an HTML page, which has a head of its own and needs no name space. */
  static String inline(Report report) {
    return draw(HeatmapLayout.headless(report), report, "");
  }

  private static String draw(Heatmap heatmap, Report report, String namespace) {
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg%s class="heatmap" viewBox="0 0 %d %d" width="%d" height="%d" role="img" \
        aria-label="What each phase of %s trained" \
        font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace">
        <rect class="page" width="%d" height="%d" fill="%s"/>
        <g class="cells">
        """
            .formatted(
                namespace,
                heatmap.width(),
                heatmap.height(),
                heatmap.width(),
                heatmap.height(),
                Markup.escape(report.name()),
                heatmap.width(),
                heatmap.height(),
                Colors.hex(Colors.PAGE)));
    heatmap.cells().forEach(cell -> append(svg, cell));
    // A pointer that rests on a mark rests on its cell.
    svg.append("</g>\n<g class=\"marks\" pointer-events=\"none\" fill=\"")
        .append(Colors.hex(Colors.MARK))
        .append("\">\n");
    heatmap.cells().stream().filter(Heatmap.Cell::marked).forEach(cell -> appendMark(svg, cell));
    svg.append("</g>\n");
    heatmap.labels().forEach(label -> append(svg, label));
    return svg.append("</svg>\n").toString();
  }

  private static void append(StringBuilder svg, Heatmap.Cell cell) {
    svg.append("<rect x=\"").append(cell.x()).append("\" y=\"").append(cell.y());
    svg.append("\" width=\"").append(cell.width()).append("\" height=\"").append(cell.height());
    svg.append("\" fill=\"").append(Colors.hex(cell.fill())).append('"');
    if (cell.title().isEmpty()) {
      svg.append("/>\n");
    } else {
      svg.append("><title>").append(Markup.escape(cell.title())).append("</title></rect>\n");
    }
  }

  private static void appendMark(StringBuilder svg, Heatmap.Cell cell) {
    svg.append(
        "<circle cx=\"%s\" cy=\"%s\" r=\"%s\"/>\n"
            .formatted(length(cell.middleX()), length(cell.middleY()), length(cell.markRadius())));
  }

  private static void append(StringBuilder svg, Heatmap.Label label) {
    TextStyle style = label.style();
    svg.append("<text x=\"").append(length(label.x())).append("\" y=\"").append(length(label.y()));
    svg.append("\" font-size=\"").append(style.size()).append('"');
    switch (label.anchor()) {
      case START -> {}
      case MIDDLE -> svg.append(" text-anchor=\"middle\"");
      case END -> svg.append(" text-anchor=\"end\"");
    }
    if (style.bold()) {
      svg.append(" font-weight=\"bold\"");
    }
    svg.append(" class=\"").append(style.tone().name().toLowerCase(Locale.ROOT));
    svg.append("\" fill=\"").append(Colors.hex(style.tone().rgb())).append("\">");
    svg.append(Markup.escape(label.text())).append("</text>\n");
  }

  /** To a tenth of a pixel, whole numbers without a point. */
  private static String length(double length) {
    long tenths = Math.round(10 * length);
    return tenths % 10 == 0 ? Long.toString(tenths / 10) : tenths / 10 + "." + tenths % 10;
  }
}
