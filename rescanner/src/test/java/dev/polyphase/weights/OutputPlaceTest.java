package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.polyphase.fixtures.Fifo;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of what is there already where a user wants results. */
@Timeout(60)
class OutputPlaceTest {
  @TempDir Path folder;

  @Test
  void aFifoIsWrittenThroughAndStays() throws Exception {
    Path fifo = Fifo.make(folder.resolve("fifo"));
    CompletableFuture<String> read =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return Files.readString(fifo);
              } catch (IOException e) {
                return e.toString();
              }
            });

    write(fifo, "scores");

    assertThat(read.get()).isEqualTo("scores");
    assertThat(InputFile.kindOf(fifo)).isEqualTo(InputFile.Kind.FIFO);
    assertThat(names()).isEqualTo("fifo");
  }

  @Test
  void aLinkStaysAndWhatItLeadsToIsReplaced() throws IOException {
    Path target = Files.createDirectories(folder.resolve("there")).resolve("target");
    Files.writeString(target, "old");
    Path inner = Files.createSymbolicLink(folder.resolve("there/inner"), Path.of("target"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("there/inner"));

    write(link, "new");
    assertThat(target).hasContent("new");

    // A link into nowhere says where the file is to be.
    Files.delete(target);
    write(link, "first");
    assertThat(target).hasContent("first");
    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(Files.isSymbolicLink(inner)).isTrue();
  }

  @Test
  void aFailedWriterLeavesWhatALinkLeadsTo() throws IOException {
    Path target = Files.writeString(folder.resolve("target"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), target);

    assertThatThrownBy(
            () ->
                OutputPlace.write(
                    link,
                    out -> {
                      out.write(1);
                      throw new IOException("no more");
                    }))
        .isInstanceOf(IOException.class);
    assertThat(target).hasContent("old");
    assertThat(names()).isEqualTo("link target");
  }

  @Test
  void whatIsReplacedKeepsItsPermissions() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "old");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));

    write(file, "new");

    assertThat(file).hasContent("new");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void whatNoFileCanTakeThePlaceOfIsRefused() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    Path toFolder = Files.createSymbolicLink(folder.resolve("to-folder"), folder);
    Path circle = Files.createSymbolicLink(folder.resolve("circle"), folder.resolve("circle"));
    Path nowhere = Files.createSymbolicLink(folder.resolve("lost"), folder.resolve("no/file"));

    refused(folder, ": this is a folder; name a file");
    refused(toFolder, ": this is a folder; name a file");
    refused(circle, ": its links lead in a circle; name a file");
    refused(nowhere, ": there is no folder " + folder.resolve("no") + "; make it first");
    refused(folder.resolve("no/x"), ": there is no folder " + folder.resolve("no"));
    refused(file.resolve("x"), ": there is no folder " + file);
    assertThatThrownBy(() -> OutputPlace.requireFile(folder.resolve("x".repeat(240))))
        .isInstanceOf(InputException.class)
        .hasMessageEndingWith("the name " + "x".repeat(240) + " is too long; choose a shorter one");
    assertThat(names()).isEqualTo("circle file lost to-folder");
  }

  @Test
  void aFolderIsCheckedBeforeItIsMade() throws IOException {
    Path name = Path.of("name");
    Path file = Files.createFile(folder.resolve("file"));
    Path nowhere = Files.createSymbolicLink(folder.resolve("lost"), folder.resolve("no"));

    OutputPlace.requireFolder(folder.resolve("a/b/c"), name);
    refusedFolder(file, ": this is a file, not a folder");
    refusedFolder(nowhere, ": this is a link into nowhere, not a folder");
    refusedFolder(file.resolve("a/b"), "the folder can't be made, as " + file + " is a file");
    refusedFolder(folder.resolve("a").resolve("x".repeat(256)), "is too long");
    // Its name is cut in the message, as it fills pages.
    assertThatThrownBy(
            () -> OutputPlace.requireFolder(folder.resolve("x/".repeat(2100)), Path.of("name")))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder + "/x/x/")
        .hasMessageContaining("is too long");
    assertThat(names()).isEqualTo("file lost");
  }

  @Test
  void aFolderThatMayNotBeWrittenToIsRefused() throws IOException {
    Path closed = Files.createDirectory(folder.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));
    assumeFalse(Files.isWritable(closed), "root may write anywhere");

    refused(closed.resolve("file"), "(permission denied)");
    refusedFolder(closed, "the folder can't be written to (permission denied)");
    refusedFolder(closed.resolve("a/b"), "can't be made, as " + closed);
  }

  private static void write(Path file, String text) throws IOException {
    OutputPlace.write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static void refused(Path file, String sentence) {
    assertThatThrownBy(() -> OutputPlace.requireFile(file))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(sentence);
  }

  private static void refusedFolder(Path place, String sentence) {
    assertThatThrownBy(() -> OutputPlace.requireFolder(place, Path.of("name")))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(place + ": ")
        .hasMessageContaining(sentence);
  }

  private String names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return String.join(" ", files.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }
}
