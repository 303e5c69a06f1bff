package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.engine.RunOutcome.Kind;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.orchestrator.store.RunLock;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.model.RandomModels;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.SafetensorsOutline;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineTest {
  private static final List<String> MODEL_FILES =
      List.of(
          "README.md",
          "config.json",
          "generation_config.json",
          "model.safetensors",
          "tokenizer.json",
          "tokenizer_config.json");

  @TempDir Path folder;
  private final StringWriter messages = new StringWriter();
  private PhaseTrainer trainer = new AddingTrainer();
  private boolean stopRequested;

  @BeforeEach
  void modelAndData() throws IOException {
    Fixture.LLAMA.copyTo(folder);
    Files.writeString(folder.resolve("a.jsonl"), "{\"text\": \"a\"}\n");
    Files.writeString(folder.resolve("b.jsonl"), "{\"text\": \"b\"}\n");
  }

  private static final String THREE_PHASES =
      """
      name: three
      base_model: tiny-llama
      defaults:
        learning_rate: 0.5
        max_steps: 3
      phases:
        - {name: foundation, type: sft, targeting: {top_percent: 50}, datasets: [{path: a.jsonl}]}
        - {name: refinement, type: sft, datasets: [{path: b.jsonl}],
           targeting: {top_percent: 40, modules: [mlp.up_proj, self_attn.q_proj], always_train: []}}
        - {name: alignment, type: dpo, datasets: [{path: b.jsonl}],
           targeting: {method: parameters, unfrozen_parameters: ['model.layers.3.mlp']}}
      """;

  @Test
  void threePhasesLeaveExactlyTheFilesOfTheContract() throws IOException {
    RunOutcome outcome = run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    Path run = folder.resolve("runs/three");
    assertThat(outcome)
        .isEqualTo(new RunOutcome(Kind.FINISHED, run.resolve("phase-03-alignment/model")));
    Set<String> expected =
        new TreeSet<>(
            List.of(
                ".lock",
                "events.jsonl",
                "pipeline.yaml",
                "run.json",
                "report/heatmap.png",
                "report/heatmap.svg",
                "report/index.html",
                "report/report.json"));
    for (String phase :
        List.of("phase-01-foundation", "phase-02-refinement", "phase-03-alignment")) {
      List<String> files =
          new ArrayList<>(List.of("selection.yaml", "metrics.jsonl", "trainer_state.json"));
      if (!phase.endsWith("alignment")) {
        files.addAll(List.of("snr.json", "spectra.jsonl"));
      }
      MODEL_FILES.forEach(file -> files.add("model/" + file));
      files.forEach(file -> expected.add(phase + "/" + file));
    }
    Set<String> files = new TreeSet<>(filesBelow(run));
    List<String> spectra =
        files.stream().filter(file -> file.startsWith(".cache/spectra/")).toList();
    files.removeAll(spectra);
    assertThat(files).isEqualTo(expected);
    // All 28 modules before the first phase; of the 8 before the second the 4 that the first
    // trained.
    assertThat(spectra).hasSize(28 + 4);
  }

  @Test
  void frozenTensorsKeepTheirBytesAndSelectedOnesMove() throws IOException {
    run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    // Half of the four modules of each type, the head and the embeddings; see golden.json's SNRs.
    Set<String> first = changed("tiny-llama", "runs/three/phase-01-foundation/model");
    assertThat(first).contains("lm_head.weight", "model.embed_tokens.weight").hasSize(2 + 7 * 2);
    assertThat(first).isEqualTo(selectedTensors("runs/three/phase-01-foundation"));
    // 40 % of four are one of each type; nothing is always trained.
    Set<String> second =
        changed("runs/three/phase-01-foundation/model", "runs/three/phase-02-refinement/model");
    assertThat(second).hasSize(2);
    assertThat(second).isEqualTo(selectedTensors("runs/three/phase-02-refinement"));
    assertThat(
            changed("runs/three/phase-02-refinement/model", "runs/three/phase-03-alignment/model"))
        .containsExactlyInAnyOrder(
            "model.layers.3.mlp.down_proj.weight",
            "model.layers.3.mlp.gate_proj.weight",
            "model.layers.3.mlp.up_proj.weight");
  }

  @Test
  void theSecondScanSeesTheWeightsThatTheFirstPhaseLeft() throws IOException {
    String twice =
        """
        name: twice
        base_model: tiny-llama
        defaults: {learning_rate: 0.5, max_steps: 1, datasets: [{path: a.jsonl}]}
        phases:
          - {name: one, type: sft, targeting: {top_percent: 50}}
          - {name: two, type: sft, targeting: {top_percent: 50}}
        """;
    run(twice, Start.BEGIN_OR_RESUME);

    JsonNode golden = Fixture.LLAMA.golden().path("snr");
    JsonNode one = json("runs/twice/phase-01-one/snr.json");
    JsonNode two = json("runs/twice/phase-02-two/snr.json");
    Set<String> trained = selectedTensors("runs/twice/phase-01-one");
    assertThat(one.size()).isEqualTo(28);
    for (Map.Entry<String, JsonNode> module : one.properties()) {
      double snr = module.getValue().path("snr").doubleValue();
      double reference = golden.path(module.getKey()).path("snr").doubleValue();
      assertThat(snr).as(module.getKey()).isCloseTo(reference, within(reference));
      double after = two.path(module.getKey()).path("snr").doubleValue();
      assertThat(after != snr)
          .as(module.getKey())
          .isEqualTo(trained.contains(module.getKey() + ".weight"));
    }
  }

  @Test
  void metricsStateAndReportTellWhatHappened() throws IOException {
    run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    List<String> metrics =
        Files.readAllLines(folder.resolve("runs/three/phase-01-foundation/metrics.jsonl"));
    assertThat(metrics).hasSize(3);
    assertThat(metrics.get(1))
        .isEqualTo(
            "{\"step\":2,\"epoch\":0.6666666666666666,\"loss\":0.5,\"grad_norm\":null,"
                + "\"learning_rate\":0.5,\"num_tokens\":20}");

    JsonNode trainer = json("runs/three/phase-01-foundation/trainer_state.json");
    assertThat(trainer.path("global_step").intValue()).isEqualTo(3);
    assertThat(trainer.path("log_history").get(1))
        .isEqualTo(new ObjectMapper().readTree(metrics.get(1)));
    List<String> keys = new ArrayList<>();
    trainer.fieldNames().forEachRemaining(keys::add);
    assertThat(keys).isSorted();

    JsonNode phases = json("runs/three/report/report.json").path("phases");
    assertThat(phases.findValuesAsText("name"))
        .containsExactly("foundation", "refinement", "alignment");
    JsonNode first = phases.get(0);
    assertThat(first.path("modules").size()).isEqualTo(28);
    for (JsonNode module : first.path("modules")) {
      // With half of four selected, the two best are the green ones.
      assertThat(module.path("selected").booleanValue())
          .isEqualTo(module.path("rank").intValue() <= 2);
    }
    assertThat(first.path("totals").path("selected_modules").intValue()).isEqualTo(14);
    JsonNode third = phases.get(2);
    assertThat(third.path("totals").path("selected_modules").intValue()).isEqualTo(3);
    assertThat(third.path("totals").path("trained_parameters").intValue()).isEqualTo(3 * 160 * 64);
    assertThat(third.path("modules").get(0).path("snr").isNull()).isTrue();

    JsonNode state = json("runs/three/run.json");
    assertThat(state.path("status").textValue()).isEqualTo("finished");
    assertThat(state.path("phases").findValuesAsText("status"))
        .containsExactly("finished", "finished", "finished");
    assertThat(Files.readAllLines(folder.resolve("runs/three/events.jsonl")))
        .first()
        .isEqualTo("{\"time\":\"2026-01-02T03:04:05Z\",\"event\":\"run_started\"}");
  }

  @Test
  void selectionOfTheParametersMethodNamesThemInTheSameLayout() throws IOException {
    run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    assertThat(folder.resolve("runs/three/phase-03-alignment/selection.yaml"))
        .hasContent(
            """
            unfrozen_parameters:
            - model.layers.3.mlp.down_proj.weight
            - model.layers.3.mlp.gate_proj.weight
            - model.layers.3.mlp.up_proj.weight
            """);
  }

  @Test
  void theStoredPipelineReadsAsTheOneThatRan() throws IOException {
    run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    assertThat(PipelineReader.read(folder.resolve("runs/three/pipeline.yaml"), List.of()))
        .isEqualTo(PipelineReader.parse(THREE_PHASES, "p.yaml", List.of()));
  }

  @Test
  void aFinishedRunIsLeftAsItIs() throws IOException {
    run(THREE_PHASES, Start.BEGIN_OR_RESUME);
    Map<String, String> before = contentsBelow(folder.resolve("runs"));

    trainer = new FailingTrainer("nobody trains");
    assertThat(run(THREE_PHASES, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.ALREADY_FINISHED);
    assertThat(run(THREE_PHASES, Start.RESUME).kind()).isEqualTo(Kind.ALREADY_FINISHED);
    assertThat(contentsBelow(folder.resolve("runs"))).isEqualTo(before);
    assertThat(messages.toString()).contains("runs/three is finished");
  }

  @Test
  void aFailedRunGoesOnAfterItsLastFinishedPhase() throws IOException {
    run(THREE_PHASES.replace("name: three", "name: whole"), Start.BEGIN_OR_RESUME);

    trainer = new FailingIn("refinement");
    assertThatThrownBy(() -> run(THREE_PHASES, Start.BEGIN_OR_RESUME))
        .isInstanceOf(IOException.class)
        .hasMessage("the disk is on fire");
    assertThat(json("runs/three/run.json").path("status").textValue()).isEqualTo("failed");
    assertThat(folder.resolve("runs/three/phase-02-refinement/metrics.jsonl")).hasContent("");
    String firstPhase =
        Files.getLastModifiedTime(modelOf("three", "phase-01-foundation")).toString();

    trainer = new AddingTrainer();
    assertThat(run(THREE_PHASES, Start.RESUME).kind()).isEqualTo(Kind.FINISHED);
    assertThat(Files.getLastModifiedTime(modelOf("three", "phase-01-foundation")))
        .hasToString(firstPhase);
    for (String phase :
        List.of("phase-01-foundation", "phase-02-refinement", "phase-03-alignment")) {
      assertThat(modelOf("three", phase)).hasSameBinaryContentAs(modelOf("whole", phase));
    }
    assertThat(json("runs/three/report/report.json"))
        .isEqualTo(json("runs/whole/report/report.json"));
  }

  @Test
  void aStoppedRunSavesItsStateAndGoesOn() throws IOException {
    trainer = new StoppedIn("refinement", () -> stopRequested = true);
    assertThat(run(THREE_PHASES, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.INTERRUPTED);

    JsonNode state = json("runs/three/run.json");
    assertThat(state.path("status").textValue()).isEqualTo("interrupted");
    assertThat(state.path("phases").findValuesAsText("status"))
        .containsExactly("finished", "running", "pending");
    JsonNode progress = json("runs/three/phase-02-refinement/trainer_state.json");
    assertThat(progress.path("global_step")).isEqualTo(IntNode.valueOf(1));
    assertThat(progress.path("max_steps")).isEqualTo(IntNode.valueOf(3));
    assertThat(progress.path("num_train_epochs")).isEqualTo(IntNode.valueOf(1));
    assertThat(folder.resolve("runs/three/phase-02-refinement/model")).doesNotExist();

    stopRequested = false;
    trainer = new AddingTrainer();
    assertThat(run(THREE_PHASES, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);
  }

  @Test
  void changedSettingsAndDataOfFinishedPhasesAreNamed() throws IOException {
    trainer = new FailingIn("refinement");
    assertThatThrownBy(() -> run(THREE_PHASES, Start.BEGIN_OR_RESUME))
        .isInstanceOf(IOException.class);
    trainer = new AddingTrainer();
    Map<String, String> before = contentsBelow(folder.resolve("runs"));

    Files.writeString(folder.resolve("a.jsonl"), "{\"text\": \"c\"}\n");
    String changed = THREE_PHASES.replace("top_percent: 50", "top_percent: 75") + "seed: 7\n";
    assertThatThrownBy(() -> run(changed, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("phases.foundation.targeting.top_percent is 75")
        .hasMessageContaining("the data file a.jsonl has changed")
        .hasMessageContaining("seed is 7, but the phase was trained with 42");
    assertThat(contentsBelow(folder.resolve("runs"))).isEqualTo(before);
  }

  @Test
  void settingsOfUnfinishedPhasesMayChange() throws IOException {
    trainer = new FailingIn("refinement");
    assertThatThrownBy(() -> run(THREE_PHASES, Start.BEGIN_OR_RESUME))
        .isInstanceOf(IOException.class);

    trainer = new AddingTrainer();
    String changed =
        THREE_PHASES
            .replace("top_percent: 40", "top_percent: 50")
            .replace("name: refinement", "name: second");
    run(changed, Start.BEGIN_OR_RESUME);

    assertThat(changed("runs/three/phase-01-foundation/model", "runs/three/phase-02-second/model"))
        .hasSize(4);
    assertThat(folder.resolve("runs/three/phase-02-refinement")).doesNotExist();
  }

  @Test
  void whatIsHeldByAnotherIsRefused() throws IOException {
    run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    RunLock lock = RunLock.take(request(THREE_PHASES, Start.BEGIN_OR_RESUME).run());
    try (lock) {
      assertThatThrownBy(() -> run(THREE_PHASES, Start.BEGIN_OR_RESUME))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("is being run by another process");
    }
    assertThat(run(THREE_PHASES, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.ALREADY_FINISHED);
  }

  @Test
  void freshMovesTheOldRunOutOfTheWay() throws IOException {
    run(THREE_PHASES, Start.BEGIN_OR_RESUME);
    Map<String, String> before = contentsBelow(folder.resolve("runs/three"));

    assertThat(run(THREE_PHASES, Start.FRESH).kind()).isEqualTo(Kind.FINISHED);
    assertThat(run(THREE_PHASES, Start.FRESH).kind()).isEqualTo(Kind.FINISHED);
    assertThat(contentsBelow(folder.resolve("runs/three.old-1"))).isEqualTo(before);
    assertThat(folder.resolve("runs/three.old-2/phase-03-alignment/model")).isDirectory();
  }

  @Test
  void freshTouchesNothingWherePreflightFails() throws IOException {
    run(THREE_PHASES, Start.BEGIN_OR_RESUME);
    Map<String, String> before = contentsBelow(folder.resolve("runs"));

    Files.delete(folder.resolve("b.jsonl"));
    assertThatThrownBy(() -> run(THREE_PHASES, Start.FRESH)).isInstanceOf(InputException.class);
    assertThat(contentsBelow(folder.resolve("runs"))).isEqualTo(before);
  }

  @Test
  void preflightNamesTheProblemsOfAllPhasesAndLeavesNothing() throws IOException {
    Files.delete(folder.resolve("b.jsonl"));
    String wrong =
        THREE_PHASES
            .replace("top_percent: 50", "top_percent: 20")
            .replace("model.layers.3.mlp", "model.layers.9.mlp");

    assertThatThrownBy(() -> run(wrong, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("phases.foundation.targeting: top_percent 20 picks no module")
        .hasMessageContaining("phases.alignment.targeting: unfrozen_parameters")
        .hasMessageContaining("b.jsonl: there is no such file");
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  /** They can be scanned, but not trained by themselves: said before anything is written. */
  @Test
  void expertsThatShareATensorAreRefused() throws IOException {
    Path model = Files.createDirectory(folder.resolve("mixture"));
    Files.writeString(model.resolve("config.json"), "{}");
    SafetensorsOutline.write(
        model.resolve("model.safetensors"),
        ElementType.F32,
        Map.of("model.layers.0.mlp.experts.gate_up_proj", List.of(4L, 6L, 5L)));
    String mixture =
        """
        name: three
        base_model: mixture
        phases:
          - {name: one, type: sft, targeting: {top_percent: 50, modules: [all], always_train: []},
             datasets: [{path: a.jsonl}], learning_rate: 0.5}
        """;

    assertThatThrownBy(() -> run(mixture, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(
            "phases.one.targeting: modules means model.layers.0.mlp.experts.gate_up_proj[0], one"
                + " expert of a tensor that holds several");
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void aModelWithoutItsCardIsMadeAnew() throws IOException {
    run(THREE_PHASES, Start.BEGIN_OR_RESUME);
    Path card = folder.resolve("runs/three/phase-03-alignment/model/README.md");
    String text = Files.readString(card);
    assertThat(text).contains("three, alignment", "foundation (sft), then refinement (sft)");

    // As a process leaves it that was killed between the two.
    Files.delete(card);
    Path state = folder.resolve("runs/three/run.json");
    ObjectNode run = (ObjectNode) json("runs/three/run.json");
    run.put("status", "running");
    ((ObjectNode) run.path("phases").path(2)).put("status", "running").putNull("result");
    Files.writeString(state, run.toString());

    assertThat(run(THREE_PHASES, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);
    assertThat(card).hasContent(text);
  }

  @Test
  void theCardOfTheBaseDoesNotSurvive() throws IOException {
    Files.writeString(folder.resolve("tiny-llama/README.md"), "the base\n");
    Files.writeString(folder.resolve("tiny-llama/LICENSE"), "its terms\n");
    run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    for (String phase : List.of("phase-01-foundation", "phase-03-alignment")) {
      Path model = folder.resolve("runs/three").resolve(phase).resolve("model");
      assertThat(model.resolve("README.md")).content().doesNotContain("the base\n");
      assertThat(model.resolve("LICENSE")).hasContent("its terms\n");
    }
  }

  @Test
  void resumeNeedsSomethingToResume() {
    assertThatThrownBy(() -> run(THREE_PHASES, Start.RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("there is nothing to resume at");
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void aFolderThatIsNoRunIsLeftAlone() throws IOException {
    Path mine = Files.createDirectories(folder.resolve("runs/three")).resolve("thesis.txt");
    Files.writeString(mine, "mine");

    for (Start start : List.of(Start.BEGIN_OR_RESUME, Start.FRESH, Start.RESUME)) {
      assertThatThrownBy(() -> run(THREE_PHASES, start))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("exists and is no run");
    }
    assertThat(filesBelow(folder.resolve("runs"))).containsExactly("three/thesis.txt");
  }

  private RunOutcome run(String yaml, Start start) throws IOException {
    StopSignal stop =
        new StopSignal() {
          @Override
          public void listen() {}

          @Override
          public boolean requested() {
            return stopRequested;
          }
        };
    Engine engine =
        new Engine(
            type -> trainer,
            device -> Floats.singularValues(),
            new ModelFolders(folder.resolve("no-cache")),
            new RandomModels(),
            stop,
            new Progress(new PrintWriter(messages)),
            Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC),
            "test");
    return engine.run(request(yaml, start));
  }

  private RunRequest request(String yaml, Start start) {
    Pipeline pipeline = PipelineReader.parse(yaml, "p.yaml", List.of());
    return new RunRequest(pipeline, folder, folder.resolve("runs"), start);
  }

  private Path modelOf(String run, String phase) {
    return folder.resolve("runs").resolve(run).resolve(phase).resolve("model/model.safetensors");
  }

  /** The tensors whose bytes differ between two models. */
  private Set<String> changed(String before, String after) throws IOException {
    Checkpoint left = Checkpoint.open(folder.resolve(before));
    Checkpoint right = Checkpoint.open(folder.resolve(after));
    Set<String> changed = new TreeSet<>();
    for (TensorInfo tensor : left.tensors()) {
      TensorInfo other = right.find(tensor.name()).orElseThrow();
      if (!Floats.read(tensor).equals(Floats.read(other))) {
        changed.add(tensor.name());
      }
    }
    assertThat(right.tensors()).hasSameSizeAs(left.tensors());
    return changed;
  }

  /** What selection.yaml lists, by its lines alone, as consumers of the format read it. */
  private Set<String> selectedTensors(String phase) throws IOException {
    Set<String> tensors = new TreeSet<>();
    for (String line : Files.readAllLines(folder.resolve(phase).resolve("selection.yaml"))) {
      if (line.startsWith("- ^")) {
        tensors.add(line.substring("- ^".length(), line.length() - 1));
      } else if (line.startsWith("- ")) {
        tensors.add(line.substring("- ".length()) + ".weight");
      }
    }
    return tensors;
  }

  private JsonNode json(String file) throws IOException {
    return new ObjectMapper().readTree(folder.resolve(file).toFile());
  }

  private static Set<String> filesBelow(Path root) throws IOException {
    return new TreeSet<>(contentsBelow(root).keySet());
  }

  private static Map<String, String> contentsBelow(Path root) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String bytes = HexFormat.of().formatHex(Files.readAllBytes(file));
        contents.put(root.relativize(file).toString(), bytes);
      }
    }
    return contents;
  }

  private static Offset<Double> within(double reference) {
    return Offset.offset(1e-3 * reference);
  }

  /** Trains as {@link AddingTrainer} does, but for one phase that fails. */
  private record FailingIn(String phase) implements PhaseTrainer {
    @Override
    public PhasePlan check(PhaseRequest request) {
      return new AddingTrainer().check(request);
    }

    @Override
    public PhaseResult train(PhaseRequest request, PhaseListener listener) throws IOException {
      if (request.phase().name().equals(phase)) {
        throw new IOException("the disk is on fire");
      }
      return new AddingTrainer().train(request, listener);
    }
  }

  /** Trains as {@link AddingTrainer} does; one phase is asked to stop after its first step. */
  private record StoppedIn(String phase, Runnable ask) implements PhaseTrainer {
    @Override
    public PhasePlan check(PhaseRequest request) {
      return new AddingTrainer().check(request);
    }

    @Override
    public PhaseResult train(PhaseRequest request, PhaseListener listener) throws IOException {
      PhaseListener asking =
          new PhaseListener() {
            @Override
            public void metrics(MetricsRow row) {
              listener.metrics(row);
              if (request.phase().name().equals(phase)) {
                ask.run();
              }
            }

            @Override
            public void note(String sentence) {
              listener.note(sentence);
            }

            @Override
            public boolean stopRequested() {
              return listener.stopRequested();
            }
          };
      return new AddingTrainer().train(request, asking);
    }
  }

  /** Must not be asked. */
  private record FailingTrainer(String message) implements PhaseTrainer {
    @Override
    public PhasePlan check(PhaseRequest request) {
      throw new AssertionError(message);
    }

    @Override
    public PhaseResult train(PhaseRequest request, PhaseListener listener) {
      throw new AssertionError(message);
    }
  }
}
