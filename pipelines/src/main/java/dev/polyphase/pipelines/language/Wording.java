package dev.polyphase.pipelines.language;

import java.util.regex.Pattern;

/**
 * Which texts a key takes. A blank one never fits.
 *
 * @param wanted what a message asks for
 * @param pattern what the whole of a text must match; a regular expression of JavaScript too
 */
record Wording(String wanted, Pattern pattern) {
  private static final Pattern ANY = Pattern.compile("[\\s\\S]*");

  /**
   * A name becomes part of a folder's name. Longer ones make folders that some file systems refuse.
   */
  static final Wording NAME =
      new Wording(
          "up to 100 letters, digits, '.', '_' and '-' that begin with a letter or digit and hold"
              + " no '..'",
          Pattern.compile("(?!.*\\.\\.)[A-Za-z0-9][A-Za-z0-9._-]{0,99}"));

  static final Wording DEVICE =
      new Wording(
          "auto, cpu, cuda, cuda:N or a list of them",
          Pattern.compile("auto|cpu|cuda(:[0-9]{1,3})?"));

  /** Any text. */
  static Wording any(String wanted) {
    return new Wording(wanted, ANY);
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
