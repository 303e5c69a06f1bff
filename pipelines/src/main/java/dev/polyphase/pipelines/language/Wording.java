package dev.polyphase.pipelines.language;

import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Which texts a key takes. An empty one never fits.
 *
 * @param wanted what a message asks for
 * @param fits whether a text is one of them
 */
record Wording(String wanted, Predicate<String> fits) {
  /** Longer names make folders that some file systems refuse. */
  private static final int LONGEST_NAME = 100;

  /** A name becomes part of a folder's name. */
  static final Wording NAME =
      new Wording(
          "up to 100 letters, digits, '.', '_' and '-' that begin with a letter or digit and hold"
              + " no '..'",
          Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*")
              .asMatchPredicate()
              .and(name -> !name.contains("..") && name.length() <= LONGEST_NAME));

  static final Wording DEVICE =
      new Wording(
          "auto, cpu, cuda, cuda:N or a list of them",
          Pattern.compile("auto|cpu|cuda(:[0-9]{1,3})?").asMatchPredicate());

  /** Any text. */
  static Wording any(String wanted) {
    return new Wording(wanted, text -> true);
  }
}
