package dev.polyphase.orchestrator.engine;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static dev.polyphase.orchestrator.engine.EngineRuns.THREE_PHASES;
import static dev.polyphase.orchestrator.engine.EngineRuns.filesBelow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.engine.RunOutcome.Kind;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.SafetensorsFile;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run that nothing disturbs leaves. */
class EngineTest {
  private static final List<String> MODEL_FILES =
      List.of(
          "README.md",
          "config.json",
          "generation_config.json",
          "heatmap.png",
          "model.safetensors",
          "tokenizer.json",
          "tokenizer_config.json");

  @TempDir Path folder;
  private EngineRuns runs;

  @BeforeEach
  void modelAndData() throws IOException {
    runs = new EngineRuns(folder);
  }

  @Test
  void threePhasesLeaveExactlyTheFilesOfTheContract() throws IOException {
    RunOutcome outcome = runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);

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
    runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    // Half of the four modules of each type, the head and the embeddings; see golden.json's SNRs.
    Set<String> first = runs.changed("tiny-llama", "runs/three/phase-01-foundation/model");
    assertThat(first).contains("lm_head.weight", "model.embed_tokens.weight").hasSize(2 + 7 * 2);
    assertThat(first).isEqualTo(selectedTensors("runs/three/phase-01-foundation"));
    // 40 % of four are one of each type; nothing is always trained.
    Set<String> second =
        runs.changed(
            "runs/three/phase-01-foundation/model", "runs/three/phase-02-refinement/model");
    assertThat(second).hasSize(2);
    assertThat(second).isEqualTo(selectedTensors("runs/three/phase-02-refinement"));
    assertThat(
            runs.changed(
                "runs/three/phase-02-refinement/model", "runs/three/phase-03-alignment/model"))
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
    runs.run(twice, Start.BEGIN_OR_RESUME);

    JsonNode golden = Fixture.LLAMA.golden().path("snr");
    JsonNode one = runs.json("runs/twice/phase-01-one/snr.json");
    JsonNode two = runs.json("runs/twice/phase-02-two/snr.json");
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
    runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    List<String> metrics =
        Files.readAllLines(folder.resolve("runs/three/phase-01-foundation/metrics.jsonl"));
    assertThat(metrics).hasSize(3);
    assertThat(metrics.get(1))
        .isEqualTo(
            "{\"step\":2,\"epoch\":0.6666666666666666,\"loss\":0.5,\"grad_norm\":null,"
                + "\"learning_rate\":0.5,\"num_tokens\":20}");

    JsonNode trainer = runs.json("runs/three/phase-01-foundation/trainer_state.json");
    assertThat(trainer.path("global_step").intValue()).isEqualTo(3);
    assertThat(trainer.path("log_history").get(1))
        .isEqualTo(new ObjectMapper().readTree(metrics.get(1)));
    List<String> keys = new ArrayList<>();
    trainer.fieldNames().forEachRemaining(keys::add);
    assertThat(keys).isSorted();

    JsonNode phases = runs.json("runs/three/report/report.json").path("phases");
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

    JsonNode state = runs.json("runs/three/run.json");
    assertThat(state.path("status").textValue()).isEqualTo("finished");
    assertThat(state.path("phases").findValuesAsText("status"))
        .containsExactly("finished", "finished", "finished");
    assertThat(Files.readAllLines(folder.resolve("runs/three/events.jsonl")))
        .first()
        .isEqualTo("{\"time\":\"2026-01-02T03:04:05Z\",\"event\":\"run_started\"}");
  }

  @Test
  void selectionOfTheParametersMethodNamesThemInTheSameLayout() throws IOException {
    runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);

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
    runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    assertThat(PipelineReader.read(folder.resolve("runs/three/pipeline.yaml"), List.of()))
        .isEqualTo(PipelineReader.parse(THREE_PHASES, "p.yaml", List.of()));
  }

  @Test
  void preflightNamesTheProblemsOfAllPhasesAndLeavesNothing() throws IOException {
    Files.delete(folder.resolve("b.jsonl"));
    String wrong =
        THREE_PHASES
            .replace("top_percent: 50", "top_percent: 20")
            .replace("model.layers.3.mlp", "model.layers.9.mlp");

    assertThatThrownBy(() -> runs.run(wrong, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("phases.foundation.targeting: top_percent 20 picks no module")
        .hasMessageContaining("phases.alignment.targeting: unfrozen_parameters")
        .hasMessageContaining("b.jsonl: there is no such file");
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void expertsThatShareATensorAreChosenAndTrainedOneByOne() throws IOException {
    String up = "model.layers.0.mlp.experts.gate_up_proj";
    Path model = Files.createDirectory(folder.resolve("mixture"));
    Files.writeString(model.resolve("config.json"), "{}");
    float[] weights = new float[4 * 6 * 5];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) Math.sin(7 * i) + (i / 30 == 2 ? 9 : 0);
    }
    SafetensorsFile.write(
        model.resolve("model.safetensors"),
        List.of(
            tensor(up, List.of(4L, 6L, 5L), weights),
            tensor(up + "_bias", List.of(4L, 6L), new float[4 * 6]),
            tensor("model.layers.0.mlp.router.weight", List.of(4L, 5L), new float[4 * 5])));
    Checkpoint base = Checkpoint.open(model);

    runs.run(
        """
        name: three
        base_model: mixture
        phases:
          - {name: one, type: sft, targeting: {top_percent: 50, always_train: []},
             datasets: [{path: a.jsonl}], learning_rate: 0.5, max_steps: 3}
        """,
        Start.BEGIN_OR_RESUME);

    Path phase = folder.resolve("runs/three/phase-01-one");
    List<Map.Entry<String, JsonNode>> best =
        runs.json("runs/three/phase-01-one/snr.json").properties().stream()
            .sorted(Comparator.comparing(module -> -module.getValue().path("snr").doubleValue()))
            .limit(2)
            .toList();
    assertThat(best.get(0).getKey()).isEqualTo(up + "[2]");
    String other = best.get(1).getKey();
    assertThat(phase.resolve("selection.yaml"))
        .hasContent(
            "unfrozen_parameters:\n# mlp.experts.gate_up_proj layers\n- %s[2]\n- %s"
                .formatted(up, other));
    Checkpoint trained = Checkpoint.open(phase.resolve("model"));
    assertThat(trained.tensors()).hasSameSizeAs(base.tensors());
    for (TensorInfo old : base.parts()) {
      String expert = old.name().replace("_bias", "");
      assertThat(!Floats.read(trained.find(old.name()).orElseThrow()).equals(Floats.read(old)))
          .as(old.name())
          .isEqualTo(expert.equals(up + "[2]") || expert.equals(other));
    }
    JsonNode modules = runs.json("runs/three/report/report.json").path("phases").get(0);
    assertThat(modules.path("modules").findValuesAsText("module"))
        .containsExactly(up + "[0]", up + "[1]", up + "[2]", up + "[3]");
    assertThat(Files.exists(folder.resolve("runs/three/report/heatmap.svg"))).isTrue();
  }

  private static SafetensorsFile.Tensor tensor(String name, List<Long> shape, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return new SafetensorsFile.Tensor(
        name, shape, new NewTensor(ElementType.F32, channel -> channel.write(bytes.duplicate())));
  }

  @Test
  void theCardOfTheBaseDoesNotSurviveButItsLicenceDoes() throws IOException {
    Files.writeString(
        folder.resolve("tiny-llama/README.md"),
        """
        ---
        license: other
        license_name: tiny-terms
        license_link: LICENSE
        base_model: somebody/else
        ---
        the base
        """);
    Files.writeString(folder.resolve("tiny-llama/LICENSE"), "its terms\n");
    runs.run(
        THREE_PHASES.replace(
            "[{path: a.jsonl}]}", "[{path: a.jsonl}], eval_datasets: [{path: b.jsonl}]}"),
        Start.BEGIN_OR_RESUME);

    for (String phase : List.of("phase-01-foundation", "phase-03-alignment")) {
      Path model = folder.resolve("runs/three").resolve(phase).resolve("model");
      assertThat(model.resolve("README.md"))
          .content()
          .startsWith(
              "---\nlicense: other\nlicense_name: tiny-terms\nlicense_link: LICENSE\nlibrary_name")
          .contains("This model was trained from tiny-llama by Polyphase")
          .contains("| data | a.jsonl |")
          .contains("| held-out data | b.jsonl |")
          .doesNotContain("the base\n", "somebody", folder.toString());
      assertThat(model.resolve("LICENSE")).hasContent("its terms\n");
    }
  }

  @Test
  void cardsThatAreNoneNameNoLicence() throws IOException {
    for (String card :
        List.of(
            "no head", "---\nlicense: [\n---\n", "---\nlicense: {a: 1}\n---", "---\n- 1\n---\n")) {
      Path file = Files.writeString(folder.resolve("card.md"), card);
      assertThat(Origin.of(runs.request(THREE_PHASES, Start.FRESH), file).licence())
          .as(card)
          .isEmpty();
    }
  }

  /**
   * The last phase's picture is the report's, that of an earlier one shows the phases till then.
   */
  @Test
  void cardsShowThePhasesSoFar() throws IOException {
    runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    Path run = folder.resolve("runs/three");
    assertThat(run.resolve("phase-03-alignment/model/README.md"))
        .content()
        .contains("](heatmap.png)");
    assertSameBytes(
        run.resolve("phase-03-alignment/model/heatmap.png"), run.resolve("report/heatmap.png"));
    String onePhase = THREE_PHASES.substring(0, THREE_PHASES.indexOf("  - {name: refinement"));
    EngineRuns others = new EngineRuns(Files.createDirectory(folder.resolve("others")));
    others.run(onePhase, Start.BEGIN_OR_RESUME);
    assertSameBytes(
        run.resolve("phase-01-foundation/model/heatmap.png"),
        folder.resolve("others/runs/three/report/heatmap.png"));
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

  private static Offset<Double> within(double reference) {
    return Offset.offset(1e-3 * reference);
  }
}
