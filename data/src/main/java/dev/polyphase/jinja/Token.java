package dev.polyphase.jinja;

/**
 * A piece of a template's source.
 *
 * @param kind what it is
 * @param text the text itself; of a string what it stands for, of the end nothing
 * @param at where it begins
 */
record Token(Kind kind, String text, Position at) {

  /** The kinds of tokens. */
  enum Kind {
    /** Text outside of tags. */
    DATA,
    OPEN_PRINT,
    CLOSE_PRINT,
    OPEN_TAG,
    CLOSE_TAG,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  /** The token in the words of a message. */
  String described() {
    return switch (kind) {
      case DATA -> "text";
      case OPEN_PRINT, OPEN_TAG, CLOSE_PRINT, CLOSE_TAG, NAME, INTEGER, FLOAT, OPERATOR ->
          "'" + text + "'";
      case STRING -> "a string";
      case END -> "the end of the template";
    };
  }
}
