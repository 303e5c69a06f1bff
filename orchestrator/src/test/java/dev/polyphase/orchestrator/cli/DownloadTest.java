package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.engine.AddingTrainer;
import dev.polyphase.orchestrator.engine.Floats;
import dev.polyphase.orchestrator.hub.HubOnLoopback;
import dev.polyphase.phases.families.RandomModels;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Commands on the id of a model that is not on this machine yet. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DownloadTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String WEIGHTS = "model.safetensors";
  private static final String YAML =
      """
      name: one
      base_model: o/tiny@main
      phases:
        - {name: only, type: sft, targeting: {top_percent: 50}, learning_rate: 0.1, max_steps: 2,
           datasets: [{path: rows.jsonl}]}
      """;

  @TempDir Path folder;
  private HubOnLoopback hub;
  private Path yaml;

  @BeforeEach
  void files() throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    Path model = Fixture.LLAMA.copyTo(folder);
    try (Stream<Path> list = Files.list(model)) {
      for (Path file : list.filter(Files::isRegularFile).toList()) {
        files.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
    }
    files.put("pytorch_model.bin", new byte[100]);
    hub = new HubOnLoopback("o/tiny", COMMIT, files, List.of(WEIGHTS));
    yaml = Files.writeString(folder.resolve("one.yaml"), YAML);
    Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"a\"}\n");
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Map<String, String> environment() {
    return Map.of(
        "HF_ENDPOINT", hub.endpoint(),
        "HF_HUB_OFFLINE", "0",
        "HF_HUB_CACHE", folder.resolve("hub").toString(),
        "POLYPHASE_HOME", folder.resolve("home").toString());
  }

  private Polyphase.Ended polyphase(String... args) {
    Backend backend =
        new Backend(
            (phase, rows) -> new AddingTrainer(),
            engineFolder -> {},
            (device, orCpu, notes) -> Floats.singularValues(),
            new RandomModels(),
            (model, rows, device, dtype, results) -> {});
    return Polyphase.execute(backend, environment(), args);
  }

  @Test
  void planAndRunDownloadTheBaseAndSayHowLargeItIs() throws IOException {
    Polyphase.Ended plan = polyphase("plan", yaml.toString());
    assertThat(plan.messages())
        .startsWith("downloading the model o/tiny from 127.0.0.1:")
        .containsPattern("o/tiny from [0-9.:]+: [0-9]+ files, [0-9.]+ MiB\n");
    assertThat(plan.exitCode()).isZero();

    Path runs = folder.resolve("runs");
    Polyphase.Ended run = polyphase("run", yaml.toString(), "--output", runs.toString());
    assertThat(run.exitCode()).as(run.messages()).isZero();
    assertThat(run.messages()).doesNotContain("downloading");
    Path card = runs.resolve("one/phase-01-only/model/README.md");
    assertThat(Files.readString(card)).contains("base_model: o/tiny\n");
  }

  @Test
  void aScanIsNamedByTheIdAlone() {
    Path scans = folder.resolve("scans");

    Polyphase.Ended scan = polyphase("scan", "o/tiny@" + COMMIT, "-o", scans.toString());

    assertThat(scan.exitCode()).as(scan.messages()).isZero();
    assertThat(scan.results()).isEqualTo(scans.resolve("snr_results_o-tiny.json") + "\n");
  }

  @Test
  void renderNeedsNoWeights() throws IOException {
    hub.files.put(
        "chat_template.jinja", "{{ messages[0].content }}!".getBytes(StandardCharsets.UTF_8));
    Path input =
        Files.writeString(
            folder.resolve("chat.jsonl"),
            "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}\n");

    Polyphase.Ended render = polyphase("render", "o/tiny", "--input", input.toString());

    assertThat(render.results()).isEqualTo("{\"text\":\"Hi!\"}\n");
    Path snapshot = folder.resolve("hub/models--o--tiny/snapshots").resolve(COMMIT);
    assertThat(snapshot.resolve("tokenizer.json")).exists();
    assertThat(snapshot.resolve(WEIGHTS)).doesNotExist();
  }

  @Test
  void validateAsksNobody() {
    hub.close();

    assertThat(polyphase("validate", yaml.toString()).exitCode()).isZero();
    assertThat(folder.resolve("hub")).doesNotExist();
  }

  @Test
  void aModelThatIsNowhereIsWrongInput() {
    Polyphase.Ended scan = polyphase("scan", "o/tiny@v7", "-o", folder.toString());

    assertThat(scan.exitCode()).isEqualTo(2);
    assertThat(scan.messages())
        .isEqualTo(
            "the model o/tiny has no revision v7 at %s; name a commit, branch or tag of it\n"
                .formatted(hub.endpoint().substring("http://".length())));
  }

  /** In a process of its own, since a signal is for all of it. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aSignalEndsADownloadAndTheNextCommandGoesOn() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    hub.once(
        "storage/" + WEIGHTS,
        (exchange, content) -> {
          exchange.sendResponseHeaders(200, content.length);
          exchange.getResponseBody().write(content, 0, content.length / 2);
          exchange.getResponseBody().flush();
          try {
            over.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        });
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "scan",
                "o/tiny",
                "-o",
                folder.toString())
            .redirectErrorStream(true);
    builder.environment().putAll(environment());
    builder.environment().put("HF_HUB_DOWNLOAD_TIMEOUT", "600");
    Process scan = builder.start();
    Path blobs = folder.resolve("hub/models--o--tiny/blobs");
    String weights = HubOnLoopback.sha256(hub.files.get(WEIGHTS));
    Path partial = blobs.resolve(weights + ".polyphase.incomplete");
    long half = hub.files.get(WEIGHTS).length / 2;
    while (!Files.exists(partial) || Files.size(partial) < half) {
      assertThat(scan.isAlive()).isTrue();
      Thread.onSpinWait();
    }

    assertThat(new ProcessBuilder("kill", "-INT", "" + scan.pid()).start().waitFor()).isZero();

    try (BufferedReader said = scan.inputReader()) {
      assertThat(said.readLine()).startsWith("downloading the model o/tiny");
      assertThat(said.readLine())
          .isEqualTo(
              "stopped; what was downloaded is kept, and the same command goes on from there");
    }
    assertThat(scan.waitFor()).isEqualTo(75);
    over.countDown();
    assertThat(blobs.resolve(weights)).doesNotExist();

    Polyphase.Ended again = polyphase("scan", "o/tiny", "-o", folder.toString());
    assertThat(again.exitCode()).as(again.messages()).isZero();
    assertThat(again.messages()).contains("are there\n");
    assertThat(blobs.resolve(weights)).hasBinaryContent(hub.files.get(WEIGHTS));
  }
}
