package dev.polyphase.orchestrator.engine;

/** Text in Markdown. */
final class Markdown {
  private static final String SPECIAL = "\\`*_[]<>|&~$#";

  private Markdown() {}

  /**
   * A text that Markdown shows as it is, in a line or a cell of a table: no markup, no HTML, no
   * line break.
   */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder();
    text.codePoints()
        .forEach(
            character -> {
              if (Character.isISOControl(character)) {
                escaped.append(' ');
              } else if (SPECIAL.indexOf(character) >= 0) {
                escaped.append('\\').appendCodePoint(character);
              } else {
                escaped.appendCodePoint(character);
              }
            });
    return escaped.toString();
  }
}
