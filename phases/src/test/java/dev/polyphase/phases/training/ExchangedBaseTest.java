package dev.polyphase.phases.training;

import static dev.polyphase.phases.training.TensorNames.QUERY;
import static dev.polyphase.phases.training.TensorNames.UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.weights.ElementType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A base that becomes another while a phase trains on it: nothing is made of the two. */
class ExchangedBaseTest {
  @TempDir Path folder;
  private SftRun run = new SftRun(Path.of(""), Path.of(""), Set.of());

  /** What happens to the base. */
  private interface Change {
    void make() throws IOException;
  }

  /** Makes the change after the first step. */
  private static final class Changing extends RecordingListener {
    private final Change change;

    Changing(Change change) {
      this.change = change;
    }

    @Override
    public void metrics(MetricsRow row) {
      super.metrics(row);
      if (rows.size() == 1) {
        try {
          change.make();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  @BeforeEach
  void base() throws IOException {
    run = SixRows.of(folder, Fixture.LLAMA).run(ElementType.F32, Set.of(UP));
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "config.json", "tokenizer.json"})
  void aFileThatIsExchangedByRenamingEndsThePhase(String name) throws IOException {
    assertRefused(name, () -> exchange(name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "config.json", "tokenizer.json"})
  void aFileThatIsRewrittenInPlaceEndsThePhase(String name) throws IOException {
    assertRefused(name, () -> rewrite(name));
  }

  @Test
  void aRescanLooksBeforeItWrites() throws IOException {
    Moves moves = new Moves(List.of(Set.of(QUERY)));

    assertThatThrownBy(
            () ->
                run.train(
                    "result",
                    new Changing(() -> exchange("model.safetensors")),
                    moves.every(1),
                    "phases.one.max_steps=3"))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining(run.base().resolve("model.safetensors") + ": it is another file");
    assertThat(moves.steps).isEmpty();
    assertNothingWritten();
  }

  /** The base changes after the step before the one whose loss is high. */
  @Test
  void theLastGoodModelIsNoMixture() throws IOException {
    double threshold = RowsByLoss.write(run, "0111");

    assertThatThrownBy(
            () ->
                run.train(
                    "result",
                    new Changing(() -> rewrite("tokenizer.json")),
                    "phases.one.max_steps=4",
                    "phases.one.learning_rate=1e-6",
                    "phases.one.loss_watchdog_threshold=" + threshold))
        .hasStackTraceContaining(
            run.base().resolve("tokenizer.json") + ": it is another file or was written to");
    assertThat(folder.resolve("result")).doesNotExist();
    assertThat(folder.resolve("last-good")).doesNotExist();
  }

  private void assertRefused(String name, Change change) throws IOException {
    assertThatThrownBy(
            () ->
                run.train(
                    "result",
                    new Changing(change),
                    "phases.one.targeting={method: parameters, unfrozen_parameters: [any]}",
                    "phases.one.adapter={type: lora, save: peft}"))
        .isInstanceOf(FileSystemException.class)
        .hasMessageStartingWith(
            run.base().resolve(name)
                + ": it is another file or was written to since this model was opened");
    assertNothingWritten();
  }

  private void assertNothingWritten() throws IOException {
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left)
          .containsExactlyInAnyOrder(
              run.base(), folder.resolve("rows.jsonl"), folder.resolve("others.jsonl"));
    }
  }

  private void exchange(String name) throws IOException {
    Path file = run.base().resolve(name);
    Path other = Files.copy(file, folder.resolve("other"), StandardCopyOption.COPY_ATTRIBUTES);
    Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
  }

  private void rewrite(String name) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(run.base().resolve(name).toFile(), "rw")) {
      byte[] bytes = new byte[(int) file.length()];
      file.readFully(bytes);
      file.seek(0);
      file.write(bytes);
    }
  }
}
