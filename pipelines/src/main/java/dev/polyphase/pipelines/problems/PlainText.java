package dev.polyphase.pipelines.problems;

/**
 * Text that may come from anyone, as people are shown it. Control characters steer a terminal, and
 * the marks that turn the direction of writing make a text look like another one: neither reaches a
 * terminal, a message or a file that scripts read.
 */
public final class PlainText {
  private PlainText() {}

  /**
   * Whether nothing in it has to be escaped: it has no control characters, line breaks included, no
   * marks of direction, and no half of a character.
   */
  public static boolean isPlain(String text) {
    return text.codePoints().noneMatch(PlainText::isOdd);
  }

  /** The text on one line, what is not plain as in {@code \\u001b}. */
  public static String of(String text) {
    return escaped(text, false);
  }

  /** The same of a text of several lines, whose ends stay. */
  public static String linesOf(String text) {
    return escaped(text, true);
  }

  private static String escaped(String text, boolean keepsLines) {
    if (isPlain(text)) {
      return text;
    }
    StringBuilder plain = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              if (isOdd(c) && !(keepsLines && c == '\n')) {
                plain.append(escape(c));
              } else {
                plain.appendCodePoint(c);
              }
            });
    return plain.toString();
  }

  private static String escape(int c) {
    return switch (c) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> "\\u%04x".formatted(c);
    };
  }

  private static boolean isOdd(int c) {
    return Character.isISOControl(c)
        || isMarkOfDirection(c)
        || c == 0x2028
        || c == 0x2029
        || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
  }

  /** The characters of Unicode's property {@code Bidi_Control}. */
  private static boolean isMarkOfDirection(int c) {
    return c == 0x061c
        || c == 0x200e
        || c == 0x200f
        || (c >= 0x202a && c <= 0x202e)
        || (c >= 0x2066 && c <= 0x2069);
  }
}
