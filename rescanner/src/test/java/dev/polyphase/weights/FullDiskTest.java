package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.fixtures.Fixture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is left of files for which there is no room, and what is said of them. */
class FullDiskTest {
  private static final String UP = "model.layers.1.mlp.up_proj.weight";

  /** No disk takes as many. */
  private static final long ELEMENTS = 1L << 56;

  @TempDir Path folder;

  @Test
  void aFileOfTensorsSaysWhatAllOfItTakes() throws IOException {
    Path file = folder.resolve("states.safetensors");
    SafetensorsFile.write(file, List.of(one("a", channel -> channel.write(bytes(4)))));
    byte[] before = Files.readAllBytes(file);

    IOException failure =
        catchThrowableOfType(
            IOException.class,
            () ->
                SafetensorsFile.write(
                    file,
                    List.of(
                        new SafetensorsFile.Tensor(
                            "a", List.of(ELEMENTS), new NewTensor(ElementType.U8, this::fail)))));

    assertThat(FileFailure.isDiskFull(failure)).isTrue();
    // Header and values, of which the length's 8 bytes and padding are a part.
    String header = "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"U8\",\"shape\":[]}}";
    assertThat(failure)
        .hasMessageMatching(
            "\\Q%s\\E: there is no room left on its disk: [0-9,]+ bytes are needed, and [0-9,]+ are free; free some and run the command again"
                .formatted(file));
    assertThat(needed(failure)).isBetween(ELEMENTS + header.length(), ELEMENTS + 200);
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    assertThat(names()).containsExactly("states.safetensors");
  }

  @Test
  void aModelOfWhichOneFileDoesNotFitLeavesNothing() throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.LLAMA.copyTo(folder));
    Path target = folder.resolve("model");

    IOException failure =
        catchThrowableOfType(
            IOException.class,
            () ->
                CheckpointWriter.write(
                    base,
                    target,
                    Map.of(UP, new NewTensor(ElementType.F32, this::fail)),
                    Map.of()));

    assertThat(FileFailure.isDiskFull(failure)).isTrue();
    assertThat(FileFailure.sentence(target, failure))
        .startsWith(target + "/model.safetensors: there is no room left on its disk");
    assertThat(names()).containsExactly("tiny-llama");
  }

  @Test
  void whatIsFreeForAPathThatIsNotThereIsWhatIsFreeAboveIt() throws IOException {
    Path deep = folder.resolve("runs/one/model");
    FileStore disk = Files.getFileStore(folder);

    assertThat(DiskSpace.nearest(deep)).isEqualTo(folder);
    assertThat(DiskSpace.nearest(Path.of(""))).isEqualTo(Path.of("").toAbsolutePath());
    assertThat(DiskSpace.freeAt(deep).orElseThrow()).isBetween(1L, disk.getTotalSpace());
  }

  /** As a channel does on a full disk. */
  private void fail(WritableByteChannel channel) throws IOException {
    channel.write(bytes(3));
    throw new IOException("No space left on device");
  }

  private static SafetensorsFile.Tensor one(String name, TensorBytes bytes) {
    return new SafetensorsFile.Tensor(name, List.of(), new NewTensor(ElementType.F32, bytes));
  }

  private static ByteBuffer bytes(int count) {
    return ByteBuffer.allocate(count);
  }

  private static long needed(IOException failure) {
    return Long.parseLong(
        failure.getMessage().replaceAll(".*: ([0-9,]+) bytes are needed.*", "$1").replace(",", ""));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
