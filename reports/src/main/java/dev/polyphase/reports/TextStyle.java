package dev.polyphase.reports;

/**
 * How a line of text looks.
 *
 * @param size the font's size: its capitals are seven tenths as high, each letter six tenths wide
 * @param bold whether drawn with a broad pen
 * @param tone its colour
 */
record TextStyle(int size, boolean bold, Tone tone) {

  /** What a text is to the picture. */
  enum Tone {
    INK(Colors.INK),
    FAINT(Colors.FAINT);

    private final int rgb;

    Tone(int rgb) {
      this.rgb = rgb;
    }

    int rgb() {
      return rgb;
    }
  }

  /** From one letter to the next. */
  double pitch() {
    return 0.6 * size;
  }

  /** The width of a stroke. */
  double pen() {
    return (bold ? 0.16 : 0.105) * size;
  }

  double width(String text) {
    return pitch() * text.codePointCount(0, text.length());
  }
}
