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
    if (strokes.isEmpty()) {
      return;
    }
    for (int row = pixel(top + TOP * unit); row <= pixel(top + BOTTOM * unit); row++) {
      for (int column = pixel(left + LEFT * unit); column <= pixel(left + RIGHT * unit); column++) {
        double x = ((column + 0.5) / scale - left) / unit;
        double y = ((row + 0.5) / scale - top) / unit;
        double distance = Double.POSITIVE_INFINITY;
        for (StrokeFont.Segment stroke : strokes) {
          distance = Math.min(distance, stroke.distance(x, y));
        }
        blend(column, row, style.tone().rgb(), (style.pen() / 2 - distance * unit) * scale);
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
