package dev.polyphase.orchestrator.machine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The driver's own program, which knows of every GPU of the machine. */
final class NvidiaSmi {
  static final String PROGRAM = "nvidia-smi";

  private NvidiaSmi() {}

  /** What a command writes; nothing where it fails or does not answer in time. */
  static String output(Duration toAnswer, String... command) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    try {
      Process process = builder.start();
      try {
        process.getOutputStream().close();
        // Read only when it has ended: with a broken driver it hangs, and reading would as well.
        // Its few lines fit into the pipe.
        if (!process.waitFor(toAnswer.toMillis(), TimeUnit.MILLISECONDS)
            || process.exitValue() != 0) {
          return "";
        }
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
