package dev.polyphase.chat;

/** The part of a text in which it differs from another, for a message. */
final class Excerpt {
  private static final int BEFORE = 24;
  private static final int LENGTH = 60;

  private Excerpt() {}

  /** The text from a little before the first difference, in quotes, on one line. */
  static String of(String text, String other) {
    int same = 0;
    while (same < Math.min(text.length(), other.length())
        && text.charAt(same) == other.charAt(same)) {
      same++;
    }
    int start = Math.max(0, same - BEFORE);
    int end = Math.min(text.length(), start + LENGTH);
    String shown =
        text.substring(start, end)
            .replace("\\", "\\\\")
            .replace("\n", "\\n")
            .replace("\r", "\\r")
            .replace("\t", "\\t");
    return (start > 0 ? "\"..." : "\"") + shown + (end < text.length() ? "...\"" : "\"");
  }
}
