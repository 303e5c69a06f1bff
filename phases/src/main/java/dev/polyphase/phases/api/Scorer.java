package dev.polyphase.phases.api;

import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Path;

/** Computes what a model thinks of rows: the log-probability of each row's labels. */
@FunctionalInterface
public interface Scorer {

  /**
   * Scores the rows of a file, in its order. All rows are read and checked before the first result
   * is handed on.
   *
   * @param model the model's folder, in Hugging Face layout
   * @param rows a JSONL file in any of the shapes that training takes
   * @param device {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:N}
   * @param dtype of the weights and the compute
   * @param listener takes one result a row
   * @throws InputException naming every problem of the model and the rows
   */
  void score(Path model, Path rows, String device, Dtype dtype, ScoringListener listener)
      throws IOException;
}
