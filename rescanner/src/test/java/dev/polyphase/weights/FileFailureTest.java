package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What people are told of the file system's failures. */
class FileFailureTest {
  private static final Path FULL = Path.of("/dev/full");

  @TempDir Path folder;

  @Test
  void aFullDiskIsNamedWithItsFileAndWhatToDo() throws IOException {
    assumeThat(FULL).exists();
    try (FileChannel channel = FileChannel.open(FULL, StandardOpenOption.WRITE)) {
      IOException failure =
          catchThrowableOfType(IOException.class, () -> channel.write(ByteBuffer.allocate(9)));

      assertThat(FileFailure.writing(FULL, failure))
          .hasMessage(
              "/dev/full: there is no room left on its disk; free some and run the command again")
          .hasCause(failure);
    }
  }

  @Test
  void aFullDiskIsToldWithWhatIsNeededAndWhatIsFree() throws IOException {
    Path file = folder.resolve("states.safetensors");
    IOException full = new IOException("No space left on device");
    long more = DiskSpace.freeAt(folder).orElseThrow() + (1L << 40);

    assertThat(FileFailure.writing(file, more, full).getMessage())
        .startsWith(
            "%s: there is no room left on its disk: %,d bytes are needed, and "
                .formatted(file, more))
        .matches(".* and [0-9,]{5,} are free; free some and run the command again");
    assertThat(FileFailure.writing(file, more, new IOException("Disk quota exceeded")))
        .hasMessage(
            "%s: the quota on its disk is used up: %,d bytes are needed; free some and run the command again"
                .formatted(file, more));
    assertThat(FileFailure.writing(file, 1, full))
        .as("room is there, only none for one more name")
        .hasMessage(
            file + ": there is no room left on its disk; free some and run the command again");
    assertThat(FileFailure.writing(file, more, new IOException("Input/output error")).getMessage())
        .contains("reports a fault");
  }

  @Test
  void aFullDiskIsKnownAsOneThroughAllThatIsSaidOfIt() {
    IOException full = new IOException("No space left on device");
    assertThat(FileFailure.isDiskFull(full)).isTrue();
    assertThat(FileFailure.isDiskFull(FileFailure.writing(folder, full))).isTrue();
    assertThat(FileFailure.isDiskFull(FileFailure.writing(folder, Long.MAX_VALUE, full))).isTrue();
    assertThat(FileFailure.isDiskFull(new IOException("Disk quota exceeded"))).isTrue();
    assertThat(FileFailure.isDiskFull(new IOException("Input/output error"))).isFalse();
    assertThat(FileFailure.isDiskFull(new IOException())).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Input/output error | its disk or network share reports a fault; check it and run the command again",
        "Read-only file system | its disk can't be written to; choose another place, or have it mounted for writing",
        "Disk quota exceeded | the quota on its disk is used up; free some of it and run the command again",
        "Is a directory | this is a folder, and a file is needed",
        "Stale file handle | the network share that it lies on is gone; mount it anew and try again",
        "Protocol error | it can't be read (Protocol error)",
        "java.io.Strange(Thing) | it can't be read",
      })
  void theSystemsWordsBecomeOurs(String words, String sentence) {
    Path file = folder.resolve("rows.jsonl");
    assertThat(FileFailure.reading(file, new IOException(words)))
        .isInstanceOf(FileSystemException.class)
        .hasMessage(file + ": " + sentence);
    assertThat(FileFailure.sentence(new FileSystemException("x", null, words)))
        .startsWith("x: ")
        .doesNotContain("java");
  }

  @Test
  void kindsOfFailuresAreToldWithoutTheirMessages() {
    Path file = folder.resolve("a");
    assertThat(FileFailure.sentence(file, new MalformedInputException(1)))
        .isEqualTo(file + ": it is not text in UTF-8; save it in UTF-8");
    assertThat(FileFailure.sentence(file, new EOFException()))
        .startsWith(file + ": it became shorter while it was read");
    assertThat(FileFailure.sentence(file, new IOException()))
        .isEqualTo(file + ": it can't be read or written");
    assertThat(FileFailure.sentence(file, new NoSuchFileException("b")))
        .isEqualTo("b: there is no such file or folder");
    assertThat(FileFailure.sentence(new AccessDeniedException("b")))
        .isEqualTo("b: permission denied");
  }

  /** A user knows nothing of the name that a file has until it is complete. */
  @Test
  void whatIsNotCompleteHasItsLaterName() {
    Path file = folder.resolve("none").resolve("model");
    FileSystemException failure =
        catchThrowableOfType(
            FileSystemException.class, () -> AtomicFiles.writeString(file, "text"));

    assertThat(FileFailure.sentence(failure)).isEqualTo(file + ": there is no such file or folder");
  }

  @Test
  void aFolderInThePlaceOfAFileIsNamed() throws IOException {
    Files.createDirectory(folder.resolve("config.json"));
    assertThatThrownBy(() -> JsonFile.read(folder.resolve("config.json")))
        .hasMessage(folder.resolve("config.json") + ": this is a folder, and a file is needed");
  }
}
