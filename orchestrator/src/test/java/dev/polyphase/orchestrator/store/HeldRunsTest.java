package dev.polyphase.orchestrator.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeldRunsTest {
  @TempDir Path folder = Path.of("");

  private RunFolder run() {
    return new RunFolder(folder);
  }

  @Test
  void nobodyHoldsWhatHasNoLock() {
    assertThat(HeldRuns.now().holds(run(), true)).isFalse();
  }

  @Test
  void anotherProcessHoldsItUntilItEnds() throws Exception {
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                RunLockTest.Holder.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertThat(other.getInputStream().read()).isEqualTo('h');
      assertThat(HeldRuns.now().holds(run(), true)).isTrue();
      assertThat(HeldRuns.now().holds(run(), false)).isTrue();
    } finally {
      other.destroyForcibly().waitFor();
    }
    assertThat(HeldRuns.now().holds(run(), true)).isFalse();
  }

  /** To close a file gives up all locks of it that this process has. */
  @Test
  void toLookDoesNotGiveUpALockOfThisProcess() throws IOException {
    RunLock lock = RunLock.take(run());
    try (lock) {
      assertThat(HeldRuns.now().holds(run(), true)).isTrue();
      assertThat(HeldRuns.now().holds(run(), true)).isTrue();
    }
    assertThat(HeldRuns.now().holds(run(), true)).isFalse();
  }

  @Test
  void whoLooksAgainAndAgainKeepsNobodyFromTakingIt() throws Exception {
    RunLock.take(run()).close();
    AtomicBoolean ended = new AtomicBoolean();
    Thread looking =
        new Thread(
            () -> {
              while (!ended.get()) {
                HeldRuns.now().holds(run(), true);
              }
            });
    looking.start();
    try {
      for (int i = 0; i < 5; i++) {
        Process other =
            new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    System.getProperty("java.class.path"),
                    RunLockTest.Holder.class.getName(),
                    folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(other.getInputStream().read()).isEqualTo('h');
        other.destroyForcibly().waitFor();
      }
    } finally {
      ended.set(true);
      looking.join();
    }
  }
}
