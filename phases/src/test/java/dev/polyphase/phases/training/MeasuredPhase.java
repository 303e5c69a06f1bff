package dev.polyphase.phases.training;

import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.phases.objective.Beginning.OtherModel;
import dev.polyphase.phases.objective.Objective;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/** A phase in a process of its own: prints by how much the resident memory rose at most. */
final class MeasuredPhase {
  private static final Path STATUS = Path.of("/proc/self/status");

  private MeasuredPhase() {}

  /**
   * Arguments: the folder of rows, the model's, the tensors to train by commas, the reference or
   * {@code none}, the bytes that are free or {@code unknown}, settings.
   */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    Set<String> trained = Set.of(arguments[2].split(",", -1));
    String reference = arguments[3];
    String[] settings = Arrays.copyOfRange(arguments, 5, arguments.length);
    Libtorch.newManager("cpu").close();
    readRows(Files.createDirectory(folder.resolve("small")), settings);
    long before = kibibytes("VmRSS:");
    SftRun run = new SftRun(folder, Path.of(arguments[1]), trained);
    if (reference.equals("none")) {
      OptionalLong free =
          arguments[4].equals("unknown")
              ? OptionalLong.empty()
              : OptionalLong.of(Long.parseLong(arguments[4]));
      SftRun.train(SftRun.trainer(free), run.request("result", settings), new RecordingListener());
    } else {
      SftRun.train(
          new Compared(
                  run,
                  List.of(settings),
                  (start, own) -> pass(reference.equals("shared"), start, own))
              .trainer(),
          Compared.request(run, reference, settings),
          new RecordingListener());
    }
    System.out.println((kibibytes("VmHWM:") - before) * 1024);
  }

  /** A pass over the first batch with a reference that is shared or another model. */
  private static void pass(boolean shared, Beginning start, Objective own) throws IOException {
    TokenBatch batch =
        own.step(List.of(start.microBatches().get(0))).microBatches().get(0).tokens();
    if (shared) {
      start.model().keepReference();
      start.model().withReference(() -> start.model().logProbs(batch));
    } else {
      try (OtherModel.Opened opened = start.other().open()) {
        opened.model().logProbs(batch);
      }
    }
  }

  /**
   * Prepares a phase of a small model, and trains none: the classes that read settings and rows,
   * and what the compiler makes of them, are no part of the estimate, as libtorch is none. A run
   * too has prepared its phases when it compares the estimate with the memory that is left. In
   * bfloat16 it is trained too: products of that dtype have a library of their own in libtorch, the
   * code of which is 26 MB.
   */
  private static void readRows(Path folder, String... settings) throws IOException {
    SftRun small = SftRun.ofLlama(folder, "model.layers.2.mlp.up_proj.weight").withRows(40, 30, 20);
    small.check(settings);
    if (List.of(settings).contains("dtype=bfloat16")) {
      SftRun.train(
          SftRun.trainer(OptionalLong.empty()),
          small.request("result", "dtype=bfloat16"),
          new RecordingListener());
    }
  }

  private static long kibibytes(String key) throws IOException {
    return Files.readAllLines(STATUS).stream()
        .filter(line -> line.startsWith(key))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }
}
