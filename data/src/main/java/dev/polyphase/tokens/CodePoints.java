package dev.polyphase.tokens;

/** Code points, in which the tokenizer counts, and UTF-16 units, in which Java does. */
final class CodePoints {
  private CodePoints() {}

  /** The UTF-16 unit that each code point of a text begins at, and after them its length. */
  static int[] unitsOf(String text) {
    int[] units = new int[text.codePointCount(0, text.length()) + 1];
    int unit = 0;
    for (int i = 0; i + 1 < units.length; i++) {
      units[i] = unit;
      unit += Character.charCount(text.codePointAt(unit));
    }
    units[units.length - 1] = text.length();
    return units;
  }
}
