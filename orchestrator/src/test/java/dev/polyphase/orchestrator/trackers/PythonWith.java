package dev.polyphase.orchestrator.trackers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The Python of {@code POLYPHASE_TEST_PYTHON}, else {@code python3}, where it has a package. */
record PythonWith(String command) {

  /** Skips the test where there is none. */
  static PythonWith module(String module) throws IOException, InterruptedException {
    String command = System.getenv().getOrDefault("POLYPHASE_TEST_PYTHON", "python3");
    assumeTrue(
        has(command, module),
        "no %s for %s here: pip install it, or name a Python that has it by POLYPHASE_TEST_PYTHON"
            .formatted(module, command));
    return new PythonWith(command);
  }

  private static boolean has(String command, String module) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command, "-c", "import " + module)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** No test tells anyone that it uses a package. */
  static void quiet(ProcessBuilder process) {
    process.environment().put("MLFLOW_DISABLE_TELEMETRY", "true");
  }

  /** What a script prints. */
  String run(String script, String... args) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of(command, "-c", script));
    all.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(all);
    quiet(builder);
    Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    process.getOutputStream().close();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return printed;
  }
}
