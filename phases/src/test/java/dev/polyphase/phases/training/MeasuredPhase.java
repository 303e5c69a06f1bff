package dev.polyphase.phases.training;

import dev.polyphase.kernels.Libtorch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;

/** A phase in a process of its own: prints by how much the resident memory rose at most. */
final class MeasuredPhase {
  private static final Path STATUS = Path.of("/proc/self/status");

  private MeasuredPhase() {}

  /** Arguments: the folder of rows, the model's, the tensors to train by commas, settings. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    Set<String> trained = Set.of(arguments[2].split(",", -1));
    String[] settings = Arrays.copyOfRange(arguments, 3, arguments.length);
    Libtorch.newManager("cpu").close();
    readRows(Files.createDirectory(folder.resolve("small")), settings);
    long before = kibibytes("VmRSS:");
    new SftRun(folder, Path.of(arguments[1]), trained)
        .train("result", new RecordingListener(), settings);
    System.out.println((kibibytes("VmHWM:") - before) * 1024);
  }

  /**
   * Prepares a phase of a small model, and trains none: the classes that read settings and rows,
   * and what the compiler makes of them, are no part of the estimate, as libtorch is none. A run
   * too has prepared its phases when it compares the estimate with the memory that is left.
   */
  private static void readRows(Path folder, String... settings) throws IOException {
    SftRun.ofLlama(folder, "model.layers.2.mlp.up_proj.weight")
        .withRows(40, 30, 20)
        .check(settings);
  }

  private static long kibibytes(String key) throws IOException {
    return Files.readAllLines(STATUS).stream()
        .filter(line -> line.startsWith(key))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }
}
