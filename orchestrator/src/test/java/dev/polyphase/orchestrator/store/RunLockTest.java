package dev.polyphase.orchestrator.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunLockTest {
  @TempDir Path folder;

  @Test
  void anotherProcessHoldsItUntilItEnds() throws Exception {
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader said = other.inputReader(StandardCharsets.UTF_8)) {
      assertThat(said.readLine()).isEqualTo("held");
      assertThatThrownBy(() -> RunLock.take(new RunFolder(folder)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("is being run by another process");
    } finally {
      // Killed, not asked: the lock must not outlive its process.
      other.destroyForcibly().waitFor();
    }
    RunLock.take(new RunFolder(folder)).close();
  }

  /** The other process. */
  static final class Holder {
    public static void main(String[] args) throws IOException {
      RunLock lock = RunLock.take(new RunFolder(Path.of(args[0])));
      try (lock) {
        System.out.println("held");
        System.in.read();
      }
    }
  }
}
