package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;

/** What Python does with strings where Java does otherwise. */
final class PythonText {
  private PythonText() {}

  /** Python's {@code str.isspace} of one character. */
  static boolean isSpace(int c) {
    return (c >= 0x09 && c <= 0x0d)
        || (c >= 0x1c && c <= 0x20)
        || c == 0x85
        || Character.getType(c) == Character.SPACE_SEPARATOR
        || c == 0x2028
        || c == 0x2029;
  }

  /** {@code text} less the characters at its ends that are dropped. */
  static Value.Text stripped(Value.Text whole, IntPredicate dropped, boolean left, boolean right) {
    String text = whole.value();
    int start = 0;
    int end = text.length();
    while (left && start < end && dropped.test(text.codePointAt(start))) {
      start += Character.charCount(text.codePointAt(start));
    }
    while (right && end > start && dropped.test(text.codePointBefore(end))) {
      end -= Character.charCount(text.codePointBefore(end));
    }
    return whole.part(start, end);
  }

  /** Whether a character is one of those of a text. */
  static boolean holds(String characters, int c) {
    Budget.read(characters.length());
    return characters.indexOf(c) >= 0;
  }

  /** Where the white space, or what is none, ends that begins at a place. */
  static int skip(String text, int from, boolean space) {
    int at = from;
    while (at < text.length() && isSpace(text.codePointAt(at)) == space) {
      at += Character.charCount(text.codePointAt(at));
    }
    return at;
  }

  /** Where the white space, or what is none, begins that ends at a place. */
  static int skipBack(String text, int from, boolean space) {
    int at = from;
    while (at > 0 && isSpace(text.codePointBefore(at)) == space) {
      at -= Character.charCount(text.codePointBefore(at));
    }
    return at;
  }

  /** {@code str.capitalize}: the first character in title case, the others in lower case. */
  static String capitalized(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.codePointAt(0);
    return Character.toString(Character.toTitleCase(first))
        + text.substring(Character.charCount(first)).toLowerCase(Locale.ROOT);
  }

  /** {@code str.title}: every letter after what is no letter in title case. */
  static String titled(String text) {
    StringBuilder titled = new StringBuilder();
    boolean afterLetter = false;
    Budget.made(4L * text.length());
    for (int c : text.codePoints().toArray()) {
      titled.appendCodePoint(afterLetter ? Character.toLowerCase(c) : Character.toTitleCase(c));
      afterLetter = Character.isLetter(c);
    }
    return titled.toString();
  }

  /** Whether a text has letters with case, and the conversion to one case leaves it as it is. */
  static boolean hasCase(String text, UnaryOperator<String> conversion) {
    boolean cased =
        text.codePoints().anyMatch(c -> Character.isUpperCase(c) || Character.isLowerCase(c));
    return cased && text.equals(conversion.apply(text));
  }

  /**
   * {@code str.splitlines}.
   *
   * @param withEnds whether each keeps what ends it
   */
  static List<Value.Text> lines(Value.Text whole, boolean withEnds) {
    String text = whole.value();
    List<Value.Text> lines = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      if (isLineEnd(text.charAt(i))) {
        int end = i;
        if (text.charAt(i) == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n') {
          i++;
        }
        lines.add(whole.part(start, withEnds ? i + 1 : end));
        start = i + 1;
      }
    }
    if (start < text.length()) {
      lines.add(whole.part(start, text.length()));
    }
    return lines;
  }

  private static boolean isLineEnd(char c) {
    return (c >= 0x0a && c <= 0x0d)
        || (c >= 0x1c && c <= 0x1e)
        || c == 0x85
        || c == 0x2028
        || c == 0x2029;
  }

  /** How many characters a text has, as Python counts them. */
  static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  /** How many code points lie before a UTF-16 index; -1 stays -1. */
  static int codePointIndex(String text, int index) {
    return index < 0 ? -1 : text.codePointCount(0, index);
  }
}
