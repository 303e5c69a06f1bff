package dev.polyphase.trl.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
@EnabledOnOs(OS.LINUX)
class ProgramsTest {
  @TempDir Path folder = Path.of("");

  private final Programs programs = new Programs(Map.of("PATH", "/usr/bin:/bin", "ONE", "1"));

  private Programs.Answer shell(Duration limit, String line) throws IOException {
    return programs.run(limit, folder, List.of("/bin/sh", "-c", line));
  }

  @Test
  void answersWithWhatWasSaid() throws IOException {
    Programs.Answer answer = shell(Programs.SOON, "env; pwd; echo oops >&2; exit 3");
    assertThat(answer.out())
        .contains("ONE=1\n", folder.toRealPath() + "\n")
        .doesNotContain("HOME=");
    assertThat(answer.failure()).endsWith("ended with exit code 3: oops");
    assertThatThrownBy(answer::output).isInstanceOf(IOException.class).hasMessageContaining("oops");
    assertThat(shell(Programs.SOON, "exit 1").failure()).endsWith("ended with exit code 1");
  }

  @Test
  void doesNotWaitForWhatAProgramLeavesRunning() throws IOException {
    Programs.Answer answer = shell(Programs.SOON, "sleep 600 & echo $!");
    ProcessHandle left = ProcessHandle.of(Long.parseLong(answer.out().strip())).orElseThrow();
    assertThat(left.isAlive()).isTrue();
    left.destroyForcibly();
  }

  @Test
  void oneThatDoesNotAnswerIsEndedWithAllThatItStarted() throws IOException {
    assertThatThrownBy(
            () -> shell(Duration.ofMillis(500), "sleep 600 & echo $! > child; wait; true"))
        .isInstanceOf(Programs.NoAnswerException.class)
        .hasMessageContainingAll("/bin/sh -c", "did not end within");
    long child = Long.parseLong(Files.readString(folder.resolve("child")).strip());
    assertThat(ProcessHandle.of(child).filter(Lab::runs)).isEmpty();
  }

  @Test
  void wordsReachTheShellAsTheyAre() throws IOException {
    List<String> words =
        List.of("plain-1.0", "", "a b", "it's", "\"$HOME\"", "`id`", "a\nb", "\\", "*", "~", "{x}");
    String said = shell(Programs.SOON, "printf '<%s>' " + Shell.quoted(words)).out();
    assertThat(said).isEqualTo("<" + String.join("><", words) + ">");
    assertThat(Shell.quoted("plain-1.0/a_b:c")).isEqualTo("plain-1.0/a_b:c");
  }
}
