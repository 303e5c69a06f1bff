package dev.polyphase.jinja;

/** A template can't be parsed, or can't be rendered with the values it was given. */
public final class TemplateException extends RuntimeException {
  private final String sentence;
  private final int line;
  private final int column;

  TemplateException(Position at, String sentence) {
    super(sentence);
    this.sentence = sentence;
    this.line = at.line();
    this.column = at.column();
  }

  /** What is wrong, without the place. */
  @Override
  public String getMessage() {
    return sentence;
  }

  /** The line of the template's source, the first is 1. */
  public int line() {
    return line;
  }

  /** The column in that line, the first is 1. */
  public int column() {
    return column;
  }
}
