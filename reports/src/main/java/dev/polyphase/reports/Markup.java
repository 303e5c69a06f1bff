package dev.polyphase.reports;

/** Text within XML and HTML. */
final class Markup {

  private Markup() {}

  /**
   * The text as it can stand between tags and within quotes. A character that XML 1.0 has no way to
   * write becomes the replacement character.
   */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder();
    text.codePoints().forEach(character -> append(escaped, character));
    return escaped.toString();
  }

  private static void append(StringBuilder escaped, int character) {
    switch (character) {
      case '&' -> escaped.append("&amp;");
      case '<' -> escaped.append("&lt;");
      case '>' -> escaped.append("&gt;");
      case '"' -> escaped.append("&quot;");
      case '\'' -> escaped.append("&#39;");
      default -> escaped.appendCodePoint(writable(character) ? character : 0xfffd);
    }
  }

  private static boolean writable(int character) {
    return character == '\t'
        || character == '\n'
        || (character >= ' '
            && !(character >= 0x7f && character < 0xa0)
            && !(character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE)
            && character != 0xfffe
            && character != 0xffff);
  }
}
