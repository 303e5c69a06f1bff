package dev.polyphase.phases.api;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Path;

/** Makes models with random weights, for pipelines that begin with nothing. */
public interface ModelMaker {

  /**
   * Writes the model's folder as it will be, its weights without values: enough for all checks, and
   * next to no space on the disk.
   *
   * @param config the model's {@code config.json}
   * @param tokenizer the folder of its tokenizer, whose files are carried over
   * @param folder an empty folder
   * @throws InputException where the configuration is not implemented or the tokenizer is missing
   */
  void outline(Path config, Path tokenizer, Path folder) throws IOException;

  /**
   * Writes a model with random weights, whole or not at all.
   *
   * @param outline a folder that {@link #outline} wrote
   * @param target the folder to write, which must not exist
   * @param seed of the weights; equal seeds give equal bytes
   */
  void create(Path outline, Path target, long seed) throws IOException;
}
