package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.LoadedLibtorch;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.StoredValues;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three phases, the second of which TRL trains in two processes: whole, and where Polyphase is
 * killed or stopped in the midst of it.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class EngineRunsTest {
  private static final String PIPELINE =
      """
      name: engine
      base_model: tiny-qwen2
      device: cpu
      dtype: float32
      defaults:
        sequence_len: 48
        micro_batch_size: 2
        gradient_accumulation_steps: 2
        learning_rate: 1e-3
        max_steps: 8
      phases:
        - {name: foundation, type: sft, targeting: {top_percent: 50, always_train: []}, datasets: [{path: text.jsonl}]}
        - name: refinement
          type: sft
          targeting: {top_percent: 40, always_train: []}
          datasets: [{path: text.jsonl}]
          # Long enough that what is done in the midst of it is in time.
          max_steps: 80
          engine: {type: trl, processes_per_node: 2, checkpoint_steps: 10}
        - {name: alignment, type: dpo, targeting: {top_percent: 34, always_train: []}, datasets: [{path: pairs.jsonl}]}
      """;
  private static final List<String> PHASES =
      List.of("phase-01-foundation", "phase-02-refinement", "phase-03-alignment");

  /** The exit codes after SIGKILL, and of a run that was stopped. */
  private static final int KILLED = 137;

  private static final int STOPPED = 75;

  @TempDir static Path folder = Path.of("");

  @BeforeAll
  static void undisturbed() throws IOException, InterruptedException {
    String python = System.getenv("POLYPHASE_TEST_TRL");
    assumeTrue(
        python != null, "POLYPHASE_TEST_TRL names no Python with torch, transformers and trl");
    Fixture.QWEN2.copyTo(folder);
    StringBuilder text = new StringBuilder();
    StringBuilder pairs = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      String sentence = "The moon pulls the sea ".substring(i % 5) + i;
      text.append("{\"text\": \"%s\"}%n".formatted(sentence));
      pairs.append(
          "{\"prompt\": \"Say %d:\", \"chosen\": \" %s\", \"rejected\": \" no\"}%n"
              .formatted(i, sentence));
    }
    Files.writeString(folder.resolve("text.jsonl"), text);
    Files.writeString(folder.resolve("pairs.jsonl"), pairs);
    Files.writeString(folder.resolve("engine.yaml"), PIPELINE);
    assertThat(start("whole").waitFor()).as(messages("whole")).isZero();
  }

  @Test
  void theReportHasAllPhasesAndFrozenBytesStay() throws IOException {
    Path run = run("whole");
    JsonNode report = Polyphase.json(run.resolve("report").resolve("report.json"));
    assertThat(report.path("phases")).hasSize(3);
    assertThat(run.resolve("report").resolve("index.html")).isNotEmptyFile();
    assertThat(run.resolve(PHASES.get(1)).resolve("model").resolve("README.md"))
        .content()
        .contains("TRL ");

    JsonNode modules = report.path("phases").path(1).path("modules");
    List<String> selected = new ArrayList<>();
    for (JsonNode module : modules) {
      if (module.path("selected").asBoolean()) {
        selected.add(module.path("module").asText() + ".weight");
      }
    }
    Checkpoint before = Checkpoint.open(run.resolve(PHASES.get(0)).resolve("model"));
    Checkpoint after = Checkpoint.open(run.resolve(PHASES.get(1)).resolve("model"));
    List<String> changed = new ArrayList<>();
    for (TensorInfo tensor : before.tensors()) {
      if (!StoredValues.same(tensor, after.find(tensor.name()).orElseThrow())) {
        changed.add(tensor.name());
      }
    }
    assertThat(changed)
        .filteredOn(name -> name.endsWith(".weight"))
        .containsExactlyInAnyOrderElementsOf(selected);
  }

  @Test
  void whereItIsKilledTheSameCommandGoesOn() throws IOException, InterruptedException {
    Process process = start("killed");
    await(process, () -> lines(run("killed").resolve(PHASES.get(1)).resolve("metrics.jsonl")) > 12);
    process.destroyForcibly();
    assertThat(process.waitFor()).isEqualTo(KILLED);

    assertThat(start("killed").waitFor()).as(messages("killed")).isZero();

    assertLikeTheWhole("killed");
  }

  @Test
  void whereItIsStoppedTheSameCommandGoesOn() throws IOException, InterruptedException {
    Process process = start("stopped");
    await(
        process, () -> lines(run("stopped").resolve(PHASES.get(1)).resolve("metrics.jsonl")) > 12);
    process.destroy();
    assertThat(process.waitFor()).as(messages("stopped")).isEqualTo(STOPPED);
    Path engine = run("stopped").resolve(PHASES.get(1)).resolve("engine");
    assertThat(Polyphase.json(engine.resolve("outcome.json")).path("outcome").asText())
        .isEqualTo("stopped");

    assertThat(start("stopped").waitFor()).as(messages("stopped")).isZero();

    assertLikeTheWhole("stopped");
  }

  private static void assertLikeTheWhole(String name) throws IOException {
    for (String phase : PHASES) {
      List<JsonNode> rows = Polyphase.steps(run(name).resolve(phase).resolve("metrics.jsonl"));
      List<JsonNode> expected =
          Polyphase.steps(run("whole").resolve(phase).resolve("metrics.jsonl"));
      assertThat(rows).as(phase).hasSameSizeAs(expected);
      for (int i = 0; i < rows.size(); i++) {
        assertThat(rows.get(i).path("step")).isEqualTo(expected.get(i).path("step"));
        assertThat(rows.get(i).path("num_tokens")).isEqualTo(expected.get(i).path("num_tokens"));
        double loss = expected.get(i).path("loss").asDouble();
        assertThat(rows.get(i).path("loss").asDouble())
            .as("loss of step %d of %s", i + 1, phase)
            .isCloseTo(loss, within(1e-6 * loss));
      }
      for (TensorInfo tensor :
          Checkpoint.open(run("whole").resolve(phase).resolve("model")).tensors()) {
        TensorInfo found =
            Checkpoint.open(run(name).resolve(phase).resolve("model"))
                .find(tensor.name())
                .orElseThrow();
        assertThat(StoredValues.same(tensor, found)).as("%s of %s", tensor.name(), phase).isTrue();
      }
    }
  }

  /** Becomes true. */
  private interface Condition {
    boolean holds() throws IOException;
  }

  private static void await(Process process, Condition condition) throws IOException {
    while (process.isAlive() && !condition.holds()) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static long lines(Path file) throws IOException {
    return Files.exists(file) ? Files.readString(file).lines().count() : 0;
  }

  private static Process start(String name) throws IOException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "run",
            folder.resolve("engine.yaml").toString(),
            "--output",
            folder.resolve(name).toString());
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(name + ".txt").toFile());
    builder
        .environment()
        .putAll(
            Map.of(
                "POLYPHASE_PYTHON",
                System.getenv("POLYPHASE_TEST_TRL"),
                "POLYPHASE_HOME",
                folder.resolve("home").toString()));
    // What this process unpacked is not unpacked again.
    LoadedLibtorch.get();
    builder.environment().put("DJL_CACHE_DIR", LoadedLibtorch.cacheFolder().toString());
    return builder.start();
  }

  private static Path run(String name) {
    return folder.resolve(name).resolve("engine");
  }

  private static String messages(String name) {
    try {
      return Files.readString(folder.resolve(name + ".txt"));
    } catch (IOException e) {
      return e.toString();
    }
  }
}
