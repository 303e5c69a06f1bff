package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Key;
import java.util.regex.Pattern;

/**
 * Which texts a key takes. A blank one never fits.
 *
 * @param wanted what a message asks for
 * @param pattern what the whole of a text must match; a regular expression of JavaScript too
 */
record Wording(String wanted, Pattern pattern) {
  private static final Pattern ANY = Pattern.compile("[\\s\\S]*");

  /** The texts of a key. */
  static Wording of(Key key) {
    return new Wording(
        key.wanted(), key.pattern().isEmpty() ? ANY : Pattern.compile(key.pattern()));
  }

  /** Whether a text is one of them. */
  boolean fits(String text) {
    return !text.isBlank() && pattern.matcher(text).matches();
  }

  /** Whether it takes any text. */
  boolean isAny() {
    return pattern == ANY;
  }
}
