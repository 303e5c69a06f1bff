package dev.polyphase.reports;

import java.util.Arrays;
import java.util.List;

/**
 * Pixels to draw on. Lengths are those of the layout; each is {@code scale} pixels. Plain
 * arithmetic: Java's own drawing wants native libraries and, for text, installed fonts, which
 * servers and small containers lack.
 */
final class Canvas {
  private static final StrokeFont FONT = StrokeFont.load();

  /** The part of a letter's place that strokes can reach, in units of the font. */
  private static final double LEFT = -1;

  private static final double RIGHT = 5;
  private static final double TOP = -2;
  private static final double BOTTOM = 10;
  private static final double BASELINE = 7;

  private final int scale;
  private final int width;
  private final int height;
  private final int[] pixels;

  /** A canvas of {@code width * scale} by {@code height * scale} pixels in one colour. */
  Canvas(int width, int height, int scale, int rgb) {
    this.scale = scale;
    this.width = width * scale;
    this.height = height * scale;
    pixels = new int[Math.multiplyExact(this.width, this.height)];
    Arrays.fill(pixels, rgb);
  }

  void fill(int x, int y, int boxWidth, int boxHeight, int rgb) {
    for (int row = y * scale; row < Math.min(height, (y + boxHeight) * scale); row++) {
      int from = row * width;
      Arrays.fill(
          pixels,
          from + Math.min(width, x * scale),
          from + Math.min(width, (x + boxWidth) * scale),
          rgb);
    }
  }

  void disc(double x, double y, double radius, int rgb) {
    double reach = radius + 1;
    for (int row = pixel(y - reach); row <= pixel(y + reach); row++) {
      for (int column = pixel(x - reach); column <= pixel(x + reach); column++) {
        double distance = scale * Math.hypot((column + 0.5) / scale - x, (row + 0.5) / scale - y);
        blend(column, row, rgb, radius * scale - distance);
      }
    }
  }

  /** Writes a line of text whose first letter begins at {@code x}, its baseline at {@code y}. */
  void text(double x, double y, TextStyle style, String text) {
    double unit = style.size() / 10.0;
    double left = x + unit;
    for (int codePoint : text.codePoints().toArray()) {
      letter(left, y - BASELINE * unit, style, FONT.glyph(codePoint));
      left += style.pitch();
    }
  }

  private void letter(double left, double top, TextStyle style, List<StrokeFont.Segment> strokes) {
    double unit = style.size() / 10.0;
    int firstRow = pixel(top + TOP * unit);
    int lastRow = pixel(top + BOTTOM * unit);
    int firstColumn = pixel(left + LEFT * unit);
    int lastColumn = pixel(left + RIGHT * unit);
    int columns = lastColumn - firstColumn + 1;
    double[] distances = new double[(lastRow - firstRow + 1) * columns];
    Arrays.fill(distances, Double.POSITIVE_INFINITY);
    // So far from its middle a stroke still colours a pixel, in units of the font.
    double reach = (style.pen() / 2 + 1.0 / scale) / unit;
    for (StrokeFont.Segment stroke : strokes) {
      int upper = Math.max(firstRow, pixel(top + (stroke.top() - reach) * unit));
      int lower = Math.min(lastRow, pixel(top + (stroke.bottom() + reach) * unit));
      int from = Math.max(firstColumn, pixel(left + (stroke.left() - reach) * unit));
      int to = Math.min(lastColumn, pixel(left + (stroke.right() + reach) * unit));
      for (int row = upper; row <= lower; row++) {
        double y = ((row + 0.5) / scale - top) / unit;
        for (int column = from; column <= to; column++) {
          double x = ((column + 0.5) / scale - left) / unit;
          int index = (row - firstRow) * columns + column - firstColumn;
          distances[index] = Math.min(distances[index], stroke.distance(x, y));
        }
      }
    }
    int index = 0;
    for (int row = firstRow; row <= lastRow; row++) {
      for (int column = firstColumn; column <= lastColumn; column++) {
        double inside = (style.pen() / 2 - distances[index++] * unit) * scale;
        blend(column, row, style.tone().rgb(), inside);
      }
    }
  }

  /**
   * Colours a pixel as far as a shape covers it.
   *
   * @param inside how far inside the shape its middle lies, in pixels; negative outside
   */
  private void blend(int column, int row, int rgb, double inside) {
    double share = Math.min(1, inside + 0.5);
    if (share <= 0 || column < 0 || column >= width || row < 0 || row >= height) {
      return;
    }
    int index = row * width + column;
    pixels[index] = Colors.mix(pixels[index], rgb, share);
  }

  private int pixel(double length) {
    return (int) Math.floor(length * scale);
  }

  byte[] png() {
    return Png.encode(width, height, pixels);
  }
}
