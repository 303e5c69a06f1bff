package dev.polyphase.tokens;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A model's tokenizer, opened when the first row of text asks for it: rows that are tokens already
 * need none, and a model folder without one is then no problem. Safe for use by several threads
 * until closed.
 */
public final class LazyTokenizer implements AutoCloseable {
  private final Path modelFolder;
  private @Nullable Tokenizer opened;

  /** The tokenizer of the model in this folder; nothing is read yet. */
  public LazyTokenizer(Path modelFolder) {
    this.modelFolder = modelFolder;
  }

  /** The folder of the model that it belongs to. */
  public Path modelFolder() {
    return modelFolder;
  }

  /**
   * The tokenizer, opened by the first call.
   *
   * @throws InputException as {@link Tokenizer#open} says
   */
  public synchronized Tokenizer get() throws IOException {
    if (opened == null) {
      opened = Tokenizer.open(modelFolder);
    }
    return opened;
  }

  @Override
  public synchronized void close() {
    if (opened != null) {
      opened.close();
      opened = null;
    }
  }
}
