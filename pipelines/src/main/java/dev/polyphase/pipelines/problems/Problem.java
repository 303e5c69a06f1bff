package dev.polyphase.pipelines.problems;

import org.jspecify.annotations.Nullable;

/**
 * One thing that is wrong with what the user gave.
 *
 * @param place where, or null where there is no place (a command line, say)
 * @param sentence what is wrong, the value found, and what to do
 */
public record Problem(@Nullable Place place, String sentence) {

  /**
   * {@code FILE:LINE:COLUMN: sentence}, or the sentence alone; on one line, whatever names and
   * values hold.
   */
  @Override
  public String toString() {
    return PlainText.of(place == null ? sentence : place + ": " + sentence);
  }
}
