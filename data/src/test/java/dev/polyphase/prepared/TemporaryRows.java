package dev.polyphase.prepared;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.data.DatasetHub;
import dev.polyphase.data.ExampleEncoders;
import dev.polyphase.data.JudgedEncoders;
import dev.polyphase.data.PairEncoders;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Rows;
import dev.polyphase.pipelines.Rows.ExcessLength;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/** Reads rows for tests: what is prepared is gone when they end, and there is no hub. */
public final class TemporaryRows {
  private TemporaryRows() {}

  /** A reader that has read nothing yet. */
  public static RowReader reader() {
    try {
      RowCache cache = new RowCache(TemporaryFolder.create("rows").path());
      return new RowReader(cache, DatasetHub.NONE, 2);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The rows of datasets in a folder, as a phase of a type has them by default. */
  public static Examples examples(
      PhaseType phase,
      int sequenceLen,
      int vocabSize,
      LazyTokenizer tokenizer,
      Path folder,
      Dataset... datasets)
      throws IOException {
    ExampleFitting fitting =
        new ExampleFitting(
            sequenceLen, phase == PhaseType.CPT ? ExcessLength.SPLIT : ExcessLength.TRUNCATE);
    return fitting.of(
        reader()
            .examples(
                asked(folder, datasets),
                new ExampleEncoders(phase, vocabSize, tokenizer, new ChatEncoder(tokenizer)),
                ReadingListener.NOBODY),
        "datasets");
  }

  /** The pairs of datasets in a folder, as a phase has them by default. */
  public static Pairs pairs(
      int sequenceLen, int vocabSize, LazyTokenizer tokenizer, Path folder, Dataset... datasets)
      throws IOException {
    return new PairFitting(sequenceLen, ExcessLength.TRUNCATE)
        .of(
            reader()
                .pairs(
                    asked(folder, datasets),
                    new PairEncoders(vocabSize, tokenizer, new ChatEncoder(tokenizer)),
                    ReadingListener.NOBODY),
            "datasets");
  }

  /** The judged completions of datasets in a folder. */
  public static JudgedRows judged(
      JudgedFitting fitting,
      int vocabSize,
      LazyTokenizer tokenizer,
      Path folder,
      Dataset... datasets)
      throws IOException {
    return fitting.of(
        reader()
            .judged(
                asked(folder, datasets),
                new JudgedEncoders(vocabSize, tokenizer, new ChatEncoder(tokenizer)),
                ReadingListener.NOBODY),
        "datasets");
  }

  private static RowReader.Asked asked(Path folder, Dataset... datasets) {
    return new RowReader.Asked(folder, "datasets", List.of(datasets), Rows.AS_USUAL);
  }
}
