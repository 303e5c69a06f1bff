package dev.polyphase.pipelines.language;

import java.util.function.DoublePredicate;

/**
 * Which numbers a key takes.
 *
 * @param wanted what a message asks for
 * @param contains whether a number is one of them; never asked about what is not finite
 */
record Range(String wanted, DoublePredicate contains) {
  static final Range POSITIVE = new Range("a number above 0", number -> number > 0);
  static final Range NOT_NEGATIVE = new Range("a number of at least 0", number -> number >= 0);
  static final Range PERCENT =
      new Range(
          "a number above 0 and at most 100, or adaptive", number -> number > 0 && number <= 100);
  static final Range SHARE =
      new Range("a number from 0 to 1", number -> number >= 0 && number <= 1);
  static final Range BELOW_ONE =
      new Range("a number of at least 0 and below 1", number -> number >= 0 && number < 1);
  static final Range BELOW_HALF =
      new Range("a number of at least 0 and below 0.5", number -> number >= 0 && number < 0.5);
}
