package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** In processes of their own, which end in different ways. */
@DisabledOnOs(OS.WINDOWS)
class TemporaryFolderTest {
  @TempDir Path temporary;

  /** Prints the folder that it has made and waits until its input ends. */
  static final class Holder {
    public static void main(String[] args) throws IOException {
      TemporaryFolder.removeLeftovers();
      TemporaryFolder folder = TemporaryFolder.create("held");
      Files.writeString(folder.path().resolve("file"), "");
      System.out.println(folder.path());
      while (System.in.read() >= 0) {}
    }
  }

  @Test
  void nobodyElseMayEnterIt() throws Exception {
    Process holder = start();
    Path folder = made(holder);

    assertThat(folder.getParent().getParent()).isEqualTo(temporary);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.getParent())))
        .isEqualTo("rwx------");
    end(holder);
  }

  @Test
  void itGoesWithItsProcess() throws Exception {
    Process holder = start();
    made(holder);
    end(holder);

    assertThat(left()).isEmpty();
  }

  @Test
  void itGoesWhenItsProcessIsTerminated() throws Exception {
    Process holder = start();
    made(holder);
    holder.destroy();
    holder.waitFor();

    assertThat(left()).isEmpty();
  }

  @Test
  void whatAKilledProcessLeftIsRemovedByTheNext() throws Exception {
    Process killed = start();
    Path folder = made(killed);
    killed.destroyForcibly().waitFor();
    assertThat(folder).exists();

    Process next = start();
    Path ofNext = made(next);

    assertThat(left()).containsExactly(ofNext.getParent());
    end(next);
  }

  @Test
  void whatIsInUseAndWhatIsNotOursStays() throws Exception {
    Process holder = start();
    Path folder = made(holder);
    Path alike = Files.createDirectories(temporary.resolve("polyphase-tmp-mine/lock"));
    Path elsewhere = Files.createDirectories(temporary.resolve("elsewhere"));
    Files.writeString(elsewhere.resolve("lock"), "");
    Path link = Files.createSymbolicLink(temporary.resolve("polyphase-tmp-link"), elsewhere);

    Process other = start();
    made(other);
    end(other);

    assertThat(left())
        .containsExactlyInAnyOrder(folder.getParent(), alike.getParent(), elsewhere, link);
    assertThat(folder.resolve("file")).exists();
    assertThat(elsewhere.resolve("lock")).exists();
    end(holder);
  }

  private Process start() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-Djava.io.tmpdir=" + temporary,
            "-cp",
            System.getProperty("java.class.path"),
            Holder.class.getName())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static Path made(Process holder) throws IOException {
    return Path.of(
        new BufferedReader(new InputStreamReader(holder.getInputStream(), StandardCharsets.UTF_8))
            .readLine());
  }

  private static void end(Process holder) throws Exception {
    holder.getOutputStream().close();
    assertThat(holder.waitFor()).isZero();
  }

  private List<Path> left() throws IOException {
    try (Stream<Path> files = Files.list(temporary)) {
      return files.filter(file -> !file.getFileName().toString().startsWith("hsperf")).toList();
    }
  }
}
