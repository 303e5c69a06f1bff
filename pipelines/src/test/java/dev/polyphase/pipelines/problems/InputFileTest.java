package dev.polyphase.pipelines.problems;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.language.PipelineReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is opened, and what is refused before it could be waited for. */
@Timeout(60)
class InputFileTest {
  @TempDir Path folder;

  @Test
  void whatIsNoFileIsRefusedAsWhatItIs() throws Exception {
    Path fifo = folder.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    Path link = Files.createSymbolicLink(folder.resolve("link"), fifo);

    refused(fifo, "this is a FIFO, and a file is needed");
    refused(link, "this is a FIFO, and a file is needed");
    refused(folder, "this is a folder, and a file is needed");
    refused(Path.of("/dev/zero"), "this is a device, and a file is needed");
    assertThatThrownBy(() -> PipelineReader.read(fifo, List.of()))
        .isInstanceOf(InputException.class)
        .hasMessage(fifo + ": this is a FIFO, and a file is needed");
  }

  private static void refused(Path path, String sentence) {
    assertThatThrownBy(() -> InputFile.open(path).close())
        .isInstanceOf(InputException.class)
        .hasMessage(path + ": " + sentence);
    assertThatThrownBy(() -> InputFile.isThere(path)).hasMessage(path + ": " + sentence);
  }

  @Test
  void whatIsNotThereIsNoFile() throws IOException {
    Path missing = folder.resolve("missing");
    assertThat(InputFile.isThere(missing)).isFalse();
    assertThat(InputFile.isThere(Files.createSymbolicLink(folder.resolve("a"), missing))).isFalse();
    assertThat(InputFile.isThere(Files.createFile(folder.resolve("b")).resolve("c"))).isFalse();
    assertThatThrownBy(() -> InputFile.open(missing).close())
        .isInstanceOf(NoSuchFileException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
  void standardInputIsReadWhereItIsNamed(String name) throws IOException {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream("name: ..\n".getBytes(StandardCharsets.UTF_8)));
    try {
      assertThatThrownBy(() -> PipelineReader.read(Path.of(name), List.of()))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("standard input:1:7: name: is ..");
    } finally {
      System.setIn(before);
    }
    assertThat(InputFile.isStream(folder.resolve(name.substring(name.length() - 1)))).isFalse();
  }
}
