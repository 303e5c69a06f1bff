package dev.polyphase.tokens;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.weights.Fingerprint;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model's tokenizer, opened when the first row of text asks for it: rows that are tokens already
 * need none, and a model folder without one is then no problem. Safe for use by several threads
 * until closed.
 */
public final class LazyTokenizer implements AutoCloseable {
  /** What is read of a model's folder, whole. */
  private static final List<String> FILES =
      List.of(Tokenizer.FILE, "special_tokens_map.json", "added_tokens.json");

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

  /**
   * Tells what the tokenizer makes of a text from what others do. What a phase changes beside it,
   * as the ends at which generation stops or the chat template, is not in it.
   */
  public String fingerprint() throws IOException {
    Fingerprint fingerprint = new Fingerprint();
    for (String name : FILES) {
      Path file = modelFolder.resolve(name);
      if (InputFile.isThere(file)) {
        fingerprint.add(name).add(file);
      }
    }
    Path config = modelFolder.resolve("tokenizer_config.json");
    if (InputFile.isThere(config)) {
      fingerprint.add(JsonFile.object(config).without("chat_template").toString());
    }
    EndOfSequence.idsIn(modelFolder).stream()
        .findFirst()
        .ifPresent(ofPlainTexts -> fingerprint.add(ofPlainTexts));
    return fingerprint.text();
  }

  @Override
  public synchronized void close() {
    if (opened != null) {
      opened.close();
      opened = null;
    }
  }
}
