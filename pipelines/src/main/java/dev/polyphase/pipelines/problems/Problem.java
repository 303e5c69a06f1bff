package dev.polyphase.pipelines.problems;

import org.jspecify.annotations.Nullable;

/**
 * One thing that is wrong with what the user gave.
 *
 * @param place where, or null where there is no place (a command line, say)
 * @param sentence what is wrong, the value found, and what to do
 */
public record Problem(@Nullable Place place, String sentence) {

  /** Names in files may be of any length; the remedy at the end is always shown. */
  private static final int MOST_AT_START = 3_000;

  private static final int MOST_AT_END = 500;

  /**
   * {@code FILE:LINE:COLUMN: sentence}, or the sentence alone; on one line, whatever names and
   * values hold, and without the middle of a very long one.
   */
  @Override
  public String toString() {
    String text = PlainText.of(place == null ? sentence : place + ": " + sentence);
    return text.length() <= MOST_AT_START + MOST_AT_END
        ? text
        : text.substring(0, MOST_AT_START) + " ... " + text.substring(text.length() - MOST_AT_END);
  }
}
