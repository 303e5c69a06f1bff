package dev.polyphase.data;

import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a file of any type that is read, in their order. The file is streamed: besides some
 * buffers, one row at a time must fit into memory. For one thread; {@link JsonRow#of} is for many.
 */
public interface RowFile extends AutoCloseable {

  /**
   * Opens a file and looks at what it is: its first bytes decide, and its name only where these do
   * not tell, as of CSV and text.
   *
   * @param file a file, or a stream where its type can be read from one
   * @param dataset which rows of it are meant; of this only {@link Dataset#where()} is looked at
   * @throws InputException if it is not there, is of a type that is not read, is damaged, or has no
   *     such rows
   */
  static RowFile open(Path file, Dataset dataset) throws IOException {
    RowBytes bytes = RowBytes.open(file);
    try {
      return FileKind.rows(bytes, dataset.where());
    } catch (IOException | RuntimeException e) {
      bytes.close();
      throw e;
    }
  }

  /**
   * The next row, or null at the end of the file.
   *
   * @throws InputException if the file is damaged, or its type's own rules are broken so that no
   *     further row can be told; what is wrong with a single row is said by {@link JsonRow#of}
   */
  @Nullable RawRow next() throws IOException;

  /** How much of the file was read, from 0 to 1; empty where that is not known. */
  default OptionalDouble share() {
    return OptionalDouble.empty();
  }

  @Override
  void close() throws IOException;

  /** That a file has no rows, or none that are meant. */
  static InputException empty(Path file, Dataset dataset) {
    return new InputException(
        Place.in(InputFile.name(file)),
        dataset
            .where()
            .map("this file has no rows of which %s holds (where); leave it out"::formatted)
            .orElse("this file has no rows, and needs one at least"));
  }
}
