package dev.polyphase.pipelines.problems;

/**
 * A place in a text file.
 *
 * @param file the file as the user named it
 * @param line 1-based line, or 0 where only the file is known
 * @param column 1-based column, or 0 where only the line is known
 */
public record Place(String file, int line, int column) {

  /** A whole file. */
  public static Place in(String file) {
    return new Place(file, 0, 0);
  }

  /** A line of a file, as for a row of a JSONL file. */
  public static Place line(String file, int line) {
    return new Place(file, line, 0);
  }

  /** {@code FILE}, {@code FILE:LINE} or {@code FILE:LINE:COLUMN}. */
  @Override
  public String toString() {
    if (line == 0) {
      return file;
    }
    return column == 0 ? file + ":" + line : file + ":" + line + ":" + column;
  }
}
