package dev.polyphase.jinja;

/**
 * Where a string occurs in another. Java's own search compares anew at every place, which with two
 * long strings takes as long as both lengths multiplied; here long ones are searched for by Knuth,
 * Morris and Pratt's algorithm, in time of both lengths added.
 */
final class TextSearch {
  /** Up to this length Java's search is the faster one, and slow at worst by this factor. */
  private static final int SHORT = 16;

  private TextSearch() {}

  /** The first occurrence from a place on; -1 if there is none. */
  static int indexOf(String text, String part, int from) {
    if (part.length() <= SHORT) {
      int found = text.indexOf(part, from);
      long walked = (found < 0 ? text.length() : found) - (long) from;
      Budget.read(walked * (1 + part.length() / 4));
      return found;
    }
    return search(text, part, from, text.length(), false);
  }

  /** The last occurrence that ends at or before a place; -1 if there is none. */
  static int lastIndexOf(String text, String part, int end) {
    if (part.length() <= SHORT) {
      int found = text.lastIndexOf(part, end - part.length());
      Budget.read(end - (long) Math.max(found, 0));
      return end < part.length() ? -1 : found;
    }
    return search(text, part, 0, end, true);
  }

  private static int search(String text, String part, int from, int end, boolean fromRight) {
    int length = part.length();
    if (end - from < length) {
      return -1;
    }
    Budget.made(4L * length);
    Budget.read(2L * length);
    int[] borders = borders(part, fromRight);
    int matched = 0;
    for (int i = 0; i < end - from; i++) {
      char next = text.charAt(fromRight ? end - 1 - i : from + i);
      while (matched > 0 && next != at(part, matched, fromRight)) {
        matched = borders[matched - 1];
      }
      if (next == at(part, matched, fromRight)) {
        matched++;
      }
      if (matched == length) {
        Budget.read(2L * i);
        return fromRight ? end - 1 - i : from + i - length + 1;
      }
    }
    Budget.read(2L * (end - from));
    return -1;
  }

  /** For each prefix of the part the length of its longest border. */
  private static int[] borders(String part, boolean fromRight) {
    int[] borders = new int[part.length()];
    int matched = 0;
    for (int i = 1; i < borders.length; i++) {
      while (matched > 0 && at(part, i, fromRight) != at(part, matched, fromRight)) {
        matched = borders[matched - 1];
      }
      if (at(part, i, fromRight) == at(part, matched, fromRight)) {
        matched++;
      }
      borders[i] = matched;
    }
    return borders;
  }

  private static char at(String part, int index, boolean fromRight) {
    return part.charAt(fromRight ? part.length() - 1 - index : index);
  }
}
