package dev.polyphase.pipelines.problems;

/**
 * A place in a file.
 *
 * @param file the file as the user named it
 * @param line 1-based line, or 0 where only the file is known
 * @param column 1-based column, or 0 where only the line is known
 * @param countsRows whether the line is the number of a row, in a file that has no lines
 */
public record Place(String file, int line, int column, boolean countsRows) {

  /** A place in a text. */
  public Place(String file, int line, int column) {
    this(file, line, column, false);
  }

  /** A whole file. */
  public static Place in(String file) {
    return new Place(file, 0, 0);
  }

  /** A line of a file, as for a row of a JSONL file. */
  public static Place line(String file, int line) {
    return new Place(file, line, 0);
  }

  /** A row of a file without lines, as Parquet; 1-based. */
  public static Place row(String file, int row) {
    return new Place(file, row, 0, true);
  }

  /** {@code FILE}, {@code FILE:LINE}, {@code FILE:LINE:COLUMN} or {@code FILE:row ROW}. */
  @Override
  public String toString() {
    if (line == 0) {
      return file;
    }
    if (countsRows) {
      return file + ":row " + line;
    }
    return column == 0 ? file + ":" + line : file + ":" + line + ":" + column;
  }
}
