package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
  @TempDir Path folder;

  @Test
  void aFileIsCreatedAndReplaced() throws IOException {
    Path file = folder.resolve("run.json");
    Path ordinary = Files.createFile(folder.resolve("ordinary"));

    AtomicFiles.writeString(file, "ein Äpfelchen");
    assertThat(Files.readString(file)).isEqualTo("ein Äpfelchen");
    AtomicFiles.writeString(file, "two");
    assertThat(Files.readString(file)).isEqualTo("two");
    // Others may read it as they may read any new file.
    assertThat(Files.getPosixFilePermissions(file))
        .isEqualTo(Files.getPosixFilePermissions(ordinary));
    assertThat(list()).containsExactly("ordinary", "run.json");
  }

  @Test
  void aWriterThatClosesItsStreamIsSyncedToo() throws IOException {
    Path file = folder.resolve("a");

    AtomicFiles.write(
        file,
        out -> {
          out.write(1);
          out.close();
        });

    assertThat(Files.readAllBytes(file)).containsExactly(1);
  }

  @Test
  void whileItIsWrittenTheOldFileStands() throws IOException {
    Path file = folder.resolve("a");
    AtomicFiles.writeString(file, "old");

    AtomicFiles.write(
        file,
        out -> {
          out.write("new".getBytes(StandardCharsets.UTF_8));
          out.flush();
          assertThat(Files.readString(file)).isEqualTo("old");
        });

    assertThat(Files.readString(file)).isEqualTo("new");
  }

  @Test
  void afterAFailureTheOldFileStandsAndNothingElse() throws IOException {
    Path file = folder.resolve("a");
    AtomicFiles.writeString(file, "old");

    assertThatThrownBy(
            () ->
                AtomicFiles.write(
                    file,
                    out -> {
                      out.write(new byte[100_000]);
                      throw new IllegalStateException("no more");
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no more");

    assertThat(Files.readString(file)).isEqualTo("old");
    assertThat(list()).containsExactly("a");
  }

  @Test
  void anIoFailureNamesTheFile() {
    assertThatThrownBy(
            () ->
                AtomicFiles.write(
                    folder.resolve("a"),
                    out -> {
                      throw new IOException("No space left on device");
                    }))
        .isInstanceOf(IOException.class)
        .hasMessage(
            folder.resolve("a")
                + ": there is no room left on its disk; free some and run the command again");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aMissingFolderIsAnIoFailureThatNamesIt() {
    assertThatThrownBy(() -> AtomicFiles.writeString(folder.resolve("no/a"), ""))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining(folder.resolve("no").toString());
  }

  private List<String> list() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
