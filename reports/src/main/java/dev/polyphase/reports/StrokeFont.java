package dev.polyphase.reports;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The letters of {@code strokes.txt}, in units of a tenth of the font's size. What is not drawn
 * there is a box.
 */
final class StrokeFont {
  private static final String RESOURCE = "strokes.txt";
  private static final int REPLACEMENT = '□';

  /** Straight pieces that a curve is drawn with, between two of its points. */
  private static final int PIECES = 6;

  private final Map<Integer, List<Segment>> glyphs;

  private StrokeFont(Map<Integer, List<Segment>> glyphs) {
    this.glyphs = glyphs;
  }

  /** A straight piece of a stroke. */
  record Segment(Point from, Point to) {

    double left() {
      return Math.min(from.x, to.x);
    }

    double right() {
      return Math.max(from.x, to.x);
    }

    double top() {
      return Math.min(from.y, to.y);
    }

    double bottom() {
      return Math.max(from.y, to.y);
    }

    /** The distance of a point to the nearest point of the segment. */
    double distance(double x, double y) {
      double dx = to.x - from.x;
      double dy = to.y - from.y;
      double squaredLength = dx * dx + dy * dy;
      double along =
          squaredLength == 0 ? 0 : ((x - from.x) * dx + (y - from.y) * dy) / squaredLength;
      double nearest = Math.max(0, Math.min(1, along));
      double missX = x - from.x - nearest * dx;
      double missY = y - from.y - nearest * dy;
      // Math.hypot guards against overflow, which is far off, at ten times the cost.
      return Math.sqrt(missX * missX + missY * missY);
    }
  }

  /** A point, y running down. */
  record Point(double x, double y) {
    private Point towards(Point other, double share) {
      return new Point(x + share * (other.x - x), y + share * (other.y - y));
    }
  }

  static StrokeFont load() {
    Map<Integer, List<Segment>> glyphs = new HashMap<>();
    glyphs.put((int) ' ', List.of());
    resource()
        .lines()
        .filter(line -> !line.startsWith("//"))
        .forEach(line -> glyphs.put(line.codePointAt(0), segments(line.substring(1))));
    return new StrokeFont(glyphs);
  }

  /** What to draw for a character. */
  List<Segment> glyph(int codePoint) {
    List<Segment> glyph = glyphs.get(codePoint);
    return glyph == null ? glyphs.getOrDefault(REPLACEMENT, List.of()) : glyph;
  }

  private static List<Segment> segments(String strokes) {
    List<Segment> segments = new ArrayList<>();
    for (String stroke : strokes.strip().split(" ; ", -1)) {
      List<Point> line = line(stroke);
      for (int i = 1; i < line.size(); i++) {
        segments.add(new Segment(line.get(i - 1), line.get(i)));
      }
    }
    return segments;
  }

  private static List<Point> line(String stroke) {
    if (stroke.startsWith("~ ")) {
      return curve(points(stroke.substring(2)));
    }
    if (stroke.startsWith("o ")) {
      // Around: the curve begins and ends in the middle of the edge from the last point to the
      // first.
      List<Point> corners = points(stroke.substring(2));
      Point last = corners.get(corners.size() - 1);
      Point begin = last.towards(corners.get(0), 0.5);
      List<Point> around = new ArrayList<>(corners);
      around.add(0, begin);
      around.add(begin);
      return curve(around);
    }
    return points(stroke);
  }

  private static List<Point> points(String text) {
    List<Point> points = new ArrayList<>();
    for (String pair : text.strip().split(" +", -1)) {
      String[] xy = pair.split(",", -1);
      points.add(new Point(Double.parseDouble(xy[0]), Double.parseDouble(xy[1])));
    }
    return points;
  }

  /** A quadratic B-spline: parabolas that meet in the middles of the inner edges. */
  private static List<Point> curve(List<Point> points) {
    List<Point> line = new ArrayList<>();
    Point from = points.get(0);
    line.add(from);
    for (int i = 1; i < points.size() - 1; i++) {
      Point control = points.get(i);
      Point next = points.get(i + 1);
      Point to = i == points.size() - 2 ? next : control.towards(next, 0.5);
      for (int piece = 1; piece <= PIECES; piece++) {
        double share = piece / (double) PIECES;
        line.add(from.towards(control, share).towards(control.towards(to, share), share));
      }
      from = to;
    }
    return line;
  }

  private static String resource() {
    try (InputStream in = StrokeFont.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the build lacks " + RESOURCE);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
