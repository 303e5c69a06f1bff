package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.Fixture;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FolderStateTest {
  private static final String WEIGHTS = "model.safetensors";
  private static final String UP = "model.layers.1.mlp.up_proj.weight";

  @TempDir Path temporary;
  private Path base = Path.of("");
  private Path target = Path.of("");

  @BeforeEach
  void model() throws IOException {
    base = Fixture.LLAMA.copyTo(temporary);
    target = temporary.resolve("new");
    // Whatever is written from now on has another time.
    try (Stream<Path> files = Files.list(base)) {
      for (Path file : files.toList()) {
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_700_000_000_000L));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {WEIGHTS, "config.json", "tokenizer.json"})
  void aFileThatWasExchangedByRenamingIsNamed(String name) throws IOException {
    FolderState state = FolderState.of(base, target);
    Path file = base.resolve(name);
    Path copy = Files.copy(file, temporary.resolve("copy"), StandardCopyOption.COPY_ATTRIBUTES);

    // The same bytes and time: even so it could be another file behind its first mebibyte.
    Files.move(copy, file, StandardCopyOption.REPLACE_EXISTING);

    assertRefused(state, file, "it is another file or was written to");
  }

  @ParameterizedTest
  @ValueSource(strings = {WEIGHTS, "config.json", "tokenizer.json"})
  void aFileThatWasWrittenToIsNamed(String name) throws IOException {
    FolderState state = FolderState.of(base, target);

    flipLastByte(base.resolve(name));

    assertRefused(state, base.resolve(name), "it is another file or was written to");
  }

  @Test
  void aHeaderIsComparedWhateverTheTimeSays() throws IOException {
    FolderState state = FolderState.of(base, target);
    Path file = base.resolve(WEIGHTS);
    FileTime time = Files.getLastModifiedTime(file);
    byte[] bytes = Files.readAllBytes(file);
    bytes[20] ^= 1;

    Files.write(file, bytes);
    Files.setLastModifiedTime(file, time);

    assertRefused(state, file, "it is another file or was written to");
  }

  @ParameterizedTest
  @ValueSource(strings = {WEIGHTS, "tokenizer.json"})
  void aFileThatIsGoneIsNamed(String name) throws IOException {
    FolderState state = FolderState.of(base, target);

    Files.delete(base.resolve(name));

    assertRefused(state, base.resolve(name), "it is gone");
  }

  @Test
  void shardsAndTheirIndexAreLookedAt() throws IOException {
    Path shard = base.resolve("model-00001-of-00001.safetensors");
    Files.move(base.resolve(WEIGHTS), shard);
    Path index = base.resolve("model.safetensors.index.json");
    Files.writeString(
        index, "{\"weight_map\": {\"%s\": \"%s\"}}".formatted(UP, shard.getFileName()));
    FolderState state = FolderState.of(base, target);
    FolderState again = FolderState.of(base, target);

    flipLastByte(shard);
    assertRefused(state, shard, "it is another file or was written to");
    Files.writeString(index, "{}");
    assertThatThrownBy(again::checkUnchanged).isInstanceOf(FileSystemException.class);
  }

  @Test
  void aLinkIsWhatItLeadsTo() throws IOException {
    Path blob = Files.move(base.resolve(WEIGHTS), base.resolve("blob.bin"));
    Files.createSymbolicLink(base.resolve(WEIGHTS), Path.of("blob.bin"));
    FolderState state = FolderState.of(base, target);

    flipLastByte(blob);

    assertRefused(state, base.resolve(WEIGHTS), "it is another file or was written to");
  }

  @Test
  void readingAndWhatCameToTheFolderAreNoChange() throws IOException {
    FolderState state = FolderState.of(base, target);

    Files.readAllBytes(base.resolve(WEIGHTS));
    Files.writeString(base.resolve("notes.txt"), "new");
    Files.createDirectories(base.resolve("runs"));

    assertThatCode(state::checkUnchanged).doesNotThrowAnyException();
  }

  @Test
  void theFolderThatLeadsToTheTargetMayChange() throws IOException {
    Path run = Files.createDirectories(base.resolve("runs/one"));
    Path log = Files.writeString(run.resolve("metrics.jsonl"), "{}\n");
    FolderState state = FolderState.of(base, run.resolve("model"));

    Files.writeString(log, "{}\n{}\n");

    assertThatCode(state::checkUnchanged).doesNotThrowAnyException();
  }

  /** The base changes when most of the new folder is written. */
  @Test
  void aBaseThatChangesWhileItIsCopiedLeavesNothing() throws IOException {
    Checkpoint checkpoint = Checkpoint.open(base);
    TensorInfo up = checkpoint.find(UP).orElseThrow();
    NewTensor late =
        new NewTensor(
            up.type(),
            channel -> {
              channel.write(ByteBuffer.allocate((int) up.byteCount()));
              flipLastByte(base.resolve(WEIGHTS));
            });

    assertThatThrownBy(() -> CheckpointWriter.write(checkpoint, target, Map.of(UP, late), Map.of()))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("it is another file or was written to");

    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left).containsExactly(base);
    }
  }

  private static void assertRefused(FolderState state, Path file, String what) {
    assertThatThrownBy(state::checkUnchanged)
        .isInstanceOf(FileSystemException.class)
        .hasMessage(
            file
                + ": "
                + what
                + " since this model was opened, and the result would be a mixture of two models;"
                + " leave a model alone while it is used, and run the command again");
  }

  private static void flipLastByte(Path path) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(file.length() - 1);
      int last = file.read();
      file.seek(file.length() - 1);
      file.write(last ^ 1);
    }
  }
}
