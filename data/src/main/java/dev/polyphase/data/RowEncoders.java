package dev.polyphase.data;

import dev.polyphase.pipelines.Dataset;
import java.io.IOException;

/**
 * Makes the rows of files into what is trained on.
 *
 * @param <T> what a row is made into
 */
public interface RowEncoders<T> {
  /**
   * What makes the rows of one file, whose shape its first row decides.
   *
   * @param dataset the file's
   * @param first the file's first row; it is encoded with the others
   * @throws BadRowException if something is wrong with this row alone: the next may say the shape
   * @throws dev.polyphase.pipelines.problems.InputException if the row is of no shape that the
   *     phase reads, or has a column that is not understood: then so have the others
   */
  RowEncoder<T> ofFile(Dataset dataset, JsonRow first) throws IOException;

  /**
   * All that rows' tokens follow from beside the rows themselves and their dataset's keys: the
   * phase, the tokenizer and the chat template.
   */
  String fingerprint() throws IOException;
}
