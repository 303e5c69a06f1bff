package dev.polyphase.data;

import java.io.IOException;
import java.util.List;

/**
 * Makes the rows of one file into what is trained on, each at its full length. Safe for use by
 * several threads.
 *
 * @param <T> what a row is made into
 */
@FunctionalInterface
public interface RowEncoder<T> {
  /**
   * What a row is made into, at least one: a row may say several things.
   *
   * @throws BadRowException if the row is wrong
   * @throws dev.polyphase.pipelines.problems.InputException if the model's files are at fault
   */
  List<T> encode(JsonRow row) throws IOException;
}
