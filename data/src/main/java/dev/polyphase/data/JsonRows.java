package dev.polyphase.data;

import dev.polyphase.data.BadRowException.Reason;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.UnreadableTextException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads a file of rows on one thread, and notes what is wrong with it. */
public final class JsonRows {
  private JsonRows() {}

  /** What is done with each row. */
  @FunctionalInterface
  public interface Handler {
    /**
     * Takes one row.
     *
     * @throws InputException if the row is wrong
     */
    void row(JsonRow row) throws IOException;
  }

  /**
   * All rows of a file; parameters and failures as of {@link #read(Path, Dataset, RowProblems,
   * Handler)}.
   */
  public static void read(Path file, RowProblems problems, Handler handler) throws IOException {
    read(file, new Dataset(file.toString(), RowType.AUTO, 1), problems, handler);
  }

  /**
   * Reads a file from its first row to its last. What is wrong with a row, by this reader or by the
   * handler, is noted, and reading goes on; what is wrong with the file is noted, and it ends.
   *
   * @param dataset which rows of it are meant
   * @throws InputException when too much is wrong, as {@link RowProblems#add} says
   */
  public static void read(Path file, Dataset dataset, RowProblems problems, Handler handler)
      throws IOException {
    RowFile rows;
    try {
      rows = RowFile.open(file, dataset);
    } catch (InputException e) {
      problems.add(e);
      return;
    }
    try (rows) {
      for (long count = 0; ; count++) {
        @Nullable RawRow raw;
        try {
          raw = rows.next();
          if (raw == null && count == 0) {
            throw RowFile.empty(file, dataset);
          }
        } catch (InputException e) {
          problems.add(e);
          return;
        }
        if (raw == null) {
          return;
        }
        try {
          handle(JsonRow.of(raw), handler);
        } catch (InputException e) {
          problems.add(e);
        }
      }
    }
  }

  private static void handle(JsonRow row, Handler handler) throws IOException {
    try {
      handler.row(row);
    } catch (UnreadableTextException e) {
      throw row.wrong(Reason.TOKENIZER, String.valueOf(e.getMessage()));
    }
  }
}
