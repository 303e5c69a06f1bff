package dev.polyphase.pipelines.yaml;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.reader.ReaderException;

/**
 * What the parser refused, in plain words.
 *
 * @param mark where, or null where the parser does not say
 * @param sentence what is wrong and what to do
 */
record SyntaxError(@Nullable Mark mark, String sentence) {

  /**
   * A refusal and what we say instead.
   *
   * @param words what the parser's message contains
   * @param atStart whether to point at where the unfinished thing begins, not at where it failed
   */
  private record Translation(String words, boolean atStart, String sentence) {}

  /** The first that fits is said. */
  private static final List<Translation> TRANSLATIONS =
      List.of(
          new Translation(
              "quoted scalar: found unexpected end", true, "this quote is never closed; close it"),
          new Translation("expected ',' or ']'", true, "this list is never closed; add a ]"),
          new Translation("expected ',' or '}'", true, "this mapping is never closed; add a }"),
          new Translation("(TAB)", false, "a tab can't indent; use spaces"),
          new Translation(
              "cannot start any token",
              false,
              "a value can't begin with this character; put the value in quotes"),
          new Translation(
              "mapping values are not allowed here",
              false,
              "a key and its colon can't stand here; check the indentation, or put a text with"
                  + " a colon in quotes"),
          new Translation(
              "sequence entries are not allowed here",
              false,
              "a list can't begin on its key's line; put it on the next line, indented"),
          new Translation(
              "expected <block end>",
              false,
              "this line does not fit the lines above; check its indentation"),
          new Translation(
              "could not find expected ':'", false, "a colon is missing after the key; add it"),
          new Translation(
              "unknown escape character",
              false,
              "this backslash means nothing; write \\\\ or use single quotes"),
          new Translation(
              "expected the node content", false, "a value is missing before this; add it"),
          new Translation(
              "expected alphabetic or numeric character",
              false,
              "a text can't begin with * or &; put it in quotes"),
          new Translation(
              "while scanning a directive", false, "a line can't begin with %; put it in quotes"),
          new Translation(
              "expected a comment or a line break",
              false,
              "the text of a | or > begins on the next line; move it there"),
          new Translation(
              "found undefined alias",
              false,
              "this alias has no anchor above it; write &NAME before the value that it stands"
                  + " for"),
          new Translation(
              "found another document",
              false,
              "a second document begins here; a pipeline is one document, so remove the ---"),
          new Translation(
              "expected '<document start>'", false, "the document ends before this; remove it"),
          new Translation(
              "aliases for non-scalar", false, "too many aliases stand in it; write values out"),
          new Translation(
              "exceeds the limit", false, "it is too long for a pipeline; is it another file?"),
          new Translation(
              "Nesting Depth", false, "it is nested too deeply for a pipeline; flatten it"));

  static SyntaxError of(YAMLException e) {
    if (e instanceof ReaderException unreadable) {
      return new SyntaxError(
          null,
          "the character U+%04X is not allowed in YAML; remove it"
              .formatted(unreadable.getCodePoint()));
    }
    return e instanceof MarkedYAMLException marked
        ? of(marked)
        : translate(String.valueOf(e.getMessage()), null, null);
  }

  private static SyntaxError of(MarkedYAMLException e) {
    String message = e.getContext() + ": " + e.getProblem();
    return translate(message, e.getContextMark(), e.getProblemMark());
  }

  private static SyntaxError translate(
      String message, @Nullable Mark start, @Nullable Mark failure) {
    for (Translation translation : TRANSLATIONS) {
      if (message.contains(translation.words())) {
        Mark mark = translation.atStart() && start != null ? start : failure;
        return new SyntaxError(mark, translation.sentence());
      }
    }
    return new SyntaxError(failure, "this is no valid YAML; correct it, or put it in quotes");
  }
}
