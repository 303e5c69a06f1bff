package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Signals to a process that takes a step again and again. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProcessSignalsTest {
  private @Nullable Process process;

  private Process start() throws IOException {
    Process started =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Steps.class.getName())
            .redirectErrorStream(true)
            .start();
    process = started;
    return started;
  }

  @AfterEach
  void end() {
    if (process != null) {
      process.destroyForcibly();
    }
  }

  @Test
  void usr1AsksForACheckpointAndNothingStops() throws IOException, InterruptedException {
    Process steps = start();
    BufferedReader said = steps.inputReader();
    assertThat(said.readLine()).isEqualTo("begun");
    signal("USR1", steps);
    assertThat(said.readLine()).isEqualTo("a checkpoint");
    signal("USR1", steps);
    assertThat(said.readLine()).isEqualTo("a checkpoint");
    assertThat(steps.isAlive()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143", "HUP, 129"})
  void theFirstAsksToStopAndTheSecondEndsTheProcess(String name, int exitCode)
      throws IOException, InterruptedException {
    Process steps = start();
    BufferedReader said = steps.inputReader();
    assertThat(said.readLine()).isEqualTo("begun");
    assumeFalse(
        isIgnored(steps, exitCode - 128),
        name + " is ignored by what started these tests, as of a command in the background");
    signal(name, steps);
    assertThat(said.readLine())
        .isEqualTo("stopping after this step, the state is saved; a second signal stops at once");
    assertThat(said.readLine()).isEqualTo("a stop");
    signal(name, steps);
    assertThat(steps.waitFor()).isEqualTo(exitCode);
  }

  /** A signal that is ignored where a process begins stays so, also in Java. */
  private static boolean isIgnored(Process process, int number) throws IOException {
    Path status = Path.of("/proc", String.valueOf(process.pid()), "status");
    if (!Files.exists(status)) {
      return false;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .mapToLong(line -> Long.parseUnsignedLong(line.substring("SigIgn:".length()).strip(), 16))
        .anyMatch(ignored -> (ignored >>> (number - 1) & 1) == 1);
  }

  private static void signal(String name, Process to) throws IOException, InterruptedException {
    String command = "kill -%s %d".formatted(name, to.pid());
    assertThat(new ProcessBuilder("sh", "-c", command).inheritIO().start().waitFor()).isZero();
  }

  /** Asks at each step, as a run does, and says what it hears; it stops by no means. */
  static final class Steps {
    private Steps() {}

    public static void main(String[] arguments) {
      ProcessSignals signals = new ProcessSignals(System.out::println);
      signals.listen();
      System.out.println("begun");
      boolean stops = false;
      while (true) {
        if (signals.saveRequested()) {
          System.out.println("a checkpoint");
        }
        if (signals.requested() && !stops) {
          stops = true;
          System.out.println("a stop");
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      }
    }
  }
}
