package dev.polyphase.orchestrator.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.TypeConversionException;

/** Texts that are to be paths, of which not every one can be. */
final class PathText {
  private PathText() {}

  /** The path of a command line. */
  static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new TypeConversionException(sentence(e));
    }
  }

  /** What is wrong with a text that is no path. */
  static String sentence(InvalidPathException failure) {
    String text = failure.getInput();
    String shown = "'" + text.replaceAll("[\\p{Cntrl}\\p{Cs}]", "\uFFFD") + "' can't be a path: ";
    if (text.indexOf('\0') >= 0) {
      return shown + "it holds a NUL character, which ends one; remove it";
    }
    if (text.codePoints()
        .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
      return shown + "it holds one half of a pair, which is no character; remove it";
    }
    return shown
        + "Java takes names of files for %s here; set LC_ALL to a locale of UTF-8, as C.UTF-8"
            .formatted(System.getProperty("sun.jnu.encoding"));
  }
}
