package dev.polyphase.orchestrator.bench;

import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** The most memory that a scan takes, in a process of its own. */
public final class PeakMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String PEAK = "VmHWM:";

  private PeakMemory() {}

  /**
   * Scans in another process.
   *
   * @param command the program and the arguments that make it call {@link #scanHere} and print the
   *     result
   * @return the peak in bytes; empty where the system does not tell
   */
  static OptionalLong ofChild(List<String> command) throws IOException, InterruptedException {
    Process child =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String printed =
        new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (child.waitFor() != 0) {
      throw new IOException("the process that measures memory ended with " + child.exitValue());
    }
    return printed.isEmpty() ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(printed));
  }

  /**
   * Scans in this process, which did nothing before.
   *
   * @return the peak of its resident memory in bytes; empty where the system does not tell
   */
  public static OptionalLong scanHere(
      ScanMethod method, Checkpoint checkpoint, String device, Path cache) throws IOException {
    try (SingularValues values = method.open(checkpoint, device, cache)) {
      TimedScans.scanUntimed(checkpoint, values);
    }
    if (!Files.exists(STATUS)) {
      return OptionalLong.empty();
    }
    return Files.readAllLines(STATUS).stream()
        .filter(line -> line.startsWith(PEAK))
        .map(line -> line.substring(PEAK.length()).replace("kB", "").strip())
        .mapToLong(kibibytes -> Long.parseLong(kibibytes) * 1024)
        .findFirst();
  }
}
