package dev.polyphase.rescanner;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.List;

/**
 * A selection's file in the published format, which scripts read by its lines that begin with
 * {@code - }: Axolotl's {@code unfrozen_parameters}, unquoted and not indented. A type of which
 * nothing was selected keeps its comment.
 */
public final class SelectionFile {
  private static final String ITEM = "- ";

  private SelectionFile() {}

  /**
   * What the published tool always writes first, as it trains the head and the embeddings, with the
   * names that a model has for them.
   */
  public static List<String> head(TextNames names) {
    return List.of("^" + names.head() + "$", "^" + names.embeddings() + "$");
  }

  /**
   * Writes a selection.
   *
   * @param head the patterns before those of the selection: {@link #head}, or those of {@link
   *     AlwaysTrained#patterns}
   */
  public static void write(Path file, Selection selection, List<String> head) throws IOException {
    AtomicFiles.writeString(file, text(selection, head));
  }

  /** The text of such a file; parameters as in {@link #write}. */
  public static String text(Selection selection, List<String> head) {
    StringBuilder text = new StringBuilder("unfrozen_parameters:\n");
    head.forEach(pattern -> appendItem(text, pattern));
    for (Selection.RankedType type : selection.types()) {
      text.append("# ").append(type.type()).append(" layers\n");
      type.selected().forEach(module -> appendItem(text, module.module()));
    }
    return text.toString();
  }

  /**
   * Reads the patterns of such a file.
   *
   * @return at least one pattern, in the file's order
   * @throws InputException when the file holds none
   */
  public static List<String> read(Path file) throws IOException {
    List<String> patterns;
    try {
      patterns =
          InputFile.readAllLines(file).stream()
              .filter(line -> line.startsWith(ITEM))
              .map(line -> line.substring(ITEM.length()).strip())
              .toList();
    } catch (CharacterCodingException e) {
      throw new InputException(
          Place.in(file.toString()),
          "this is no text in UTF-8; give a selection as 'polyphase select' writes it");
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    if (patterns.isEmpty()) {
      throw new InputException(
          Place.in(file.toString()),
          "no line begins with '- '; give a selection as 'polyphase select' writes it");
    }
    return patterns;
  }

  private static void appendItem(StringBuilder text, String pattern) {
    text.append(ITEM).append(pattern).append('\n');
  }
}
