package dev.polyphase.phases.training;

import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** A long phase in a process of its own: prints the resident memory now and then. */
final class ManySteps {
  static final int STEPS = 2000;
  static final int BETWEEN = 250;

  private ManySteps() {}

  /** Arguments: the folder of rows and of the model. */
  public static void main(String[] arguments) throws IOException {
    Libtorch.newManager("cpu").close();
    new SftRun(
            Path.of(arguments[0]),
            Path.of(arguments[1]),
            Set.of("model.layers.1.self_attn.q_proj.weight", "lm_head.weight"))
        .train(
            "result",
            new PhaseListener() {
              @Override
              public void metrics(MetricsRow row) {
                System.out.println(residentKibibytes());
              }

              @Override
              public void note(String sentence) {}

              @Override
              public boolean stopRequested() {
                return false;
              }
            },
            "phases.one.max_steps=" + STEPS,
            "phases.one.logging_steps=" + BETWEEN);
  }

  private static long residentKibibytes() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
