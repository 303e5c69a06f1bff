package dev.polyphase.orchestrator.engine;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReportFilesTest {
  private static final String TWO_PHASES =
      """
      name: two
      base_model: tiny-llama
      defaults: {learning_rate: 0.5, datasets: [{path: a.jsonl}]}
      phases:
        - {name: first, type: sft, targeting: {top_percent: 50, always_train: [lm_head]}}
        - {name: second, type: dpo, targeting: {method: parameters, unfrozen_parameters: ['model.layers.3.mlp']}}
      """;
  private static final List<String> FILES =
      List.of("report.json", "heatmap.svg", "heatmap.png", "index.html");

  @TempDir Path folder;
  private EngineRuns runs;
  private RunFolder run = new RunFolder(Path.of(""));

  @BeforeEach
  void modelAndData() throws IOException {
    runs = new EngineRuns(folder);
    run = new RunFolder(folder.resolve("runs/two"));
  }

  @Test
  void theReportIsRebuiltFromTheFolderAlone() throws IOException {
    run();
    Path reports = folder.resolve("before");
    Files.move(run.path().resolve("report"), reports);
    Files.delete(folder.resolve("a.jsonl"));

    assertThat(ReportFiles.rebuild(run)).isEqualTo(run.path().resolve("report/index.html"));
    for (String file : FILES) {
      assertSameBytes(run.path().resolve("report").resolve(file), reports.resolve(file));
    }
  }

  @Test
  void selectedIsWhatSelectionYamlNames() throws IOException {
    run();

    JsonNode first = report().path("phases").get(0);
    List<String> named =
        Files.readAllLines(run.path().resolve("phase-01-first/selection.yaml")).stream()
            .filter(line -> line.startsWith("- model."))
            .map(line -> line.substring(2))
            .toList();
    assertThat(selected(first)).hasSize(14).containsExactlyInAnyOrderElementsOf(named);
    assertThat(first.path("always_trained"))
        .extracting(JsonNode::textValue)
        .containsExactly("lm_head");
    assertThat(first.path("totals").path("seconds").doubleValue()).isEqualTo(0.5);

    JsonNode second = report().path("phases").get(1);
    assertThat(selected(second))
        .containsExactlyInAnyOrder(
            "model.layers.3.mlp.down_proj",
            "model.layers.3.mlp.gate_proj",
            "model.layers.3.mlp.up_proj");
    assertThat(second.path("modules").findValuesAsText("module"))
        .contains("model.embed_tokens", "model.layers.0.input_layernorm", "lm_head");
  }

  @Test
  void aRunThatStoppedInItsFirstPhaseHasAReport() throws IOException {
    assertThatThrownBy(() -> runs.run(TWO_PHASES, Start.BEGIN_OR_RESUME, new FailingTrainer()))
        .isInstanceOf(IOException.class);
    ReportFiles.rebuild(run);

    JsonNode phases = report().path("phases");
    assertThat(phases.findValuesAsText("status")).containsExactly("begun", "pending");
    assertThat(selected(phases.get(0))).hasSize(14);
    assertThat(phases.get(0).path("totals").isNull()).isTrue();
    assertThat(phases.get(1).path("modules")).isEmpty();
    assertThat(Files.readString(run.path().resolve("report/index.html")))
        .contains("begun, not finished", "pending");

    Files.delete(run.path().resolve("phase-01-first/selection.yaml"));
    ReportFiles.rebuild(run);
    assertThat(report().path("phases").get(0).path("modules")).isEmpty();
  }

  @Test
  void heldOutFiguresAreTheFirstAndTheLast() throws IOException {
    run();
    Path metrics = run.path().resolve("phase-02-second/metrics.jsonl");
    Files.writeString(
        metrics,
        """
        {"step":0,"eval_runtime":9.25,"eval_loss":0.75,"eval_rewards/accuracies":0.5}
        {"step":1,"loss":1.0,"rewards/margins":0.25,"learning_rate":0.5}
        {"step":2,"loss":null,"rewards/margins":0.5,"learning_rate":0.25}
        {"step":2,"eval_loss":0.5,"eval_rewards/accuracies":0.875}
        {"step":3,"los\
        """);
    ReportFiles.rebuild(run);

    assertThat(Files.readString(run.path().resolve("report/index.html")))
        .contains("0.7500 → 0.5000", "0.5000 → 0.8750")
        .doesNotContain("runtime")
        .contains("<b>loss</b> 1.000 → NaN, 1 value not finite")
        .contains("<b>rewards/margins</b> 0.2500 → 0.5000")
        .contains("<b>learning_rate</b> 0.5000 → 0.2500");

    Files.writeString(metrics, "\n{}\n", StandardOpenOption.APPEND);
    assertThatThrownBy(() -> ReportFiles.rebuild(run))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(metrics + ":5:1: this line is no JSON");
  }

  @Test
  void marginsAreThoseThatThePhaseWrote() throws IOException {
    run();
    Path margins = run.path().resolve("phase-02-second/margins.json");
    String written =
        """
        {"edges":[-1.0,0.0,1.0],"training":{"pairs":6,"ties":1,"counts":[2,3]},\
        "held_out_before":{"pairs":2,"ties":2,"counts":[0,0]},\
        "held_out_after":{"pairs":2,"ties":0,"counts":[0,2]}}
        """;
    Files.writeString(margins, written);
    ReportFiles.rebuild(run);

    assertThat(report().path("phases").get(0).has("margins")).isFalse();
    assertThat(report().path("phases").get(1).path("margins"))
        .isEqualTo(new ObjectMapper().readTree(written));
    assertThat(Files.readString(run.path().resolve("report/index.html")))
        .contains("of 6 pairs: 50.0 % above 0, 33.3 % below, 16.7 % ties");

    Files.writeString(margins, written.replace("[2,3]", "[2]"));
    assertThatThrownBy(() -> ReportFiles.rebuild(run))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(margins + ": this is not what a phase wrote of its margins");
  }

  @Test
  void modelsThatWereRemovedToSaveSpaceAreNotMissed() throws IOException {
    run();
    JsonNode before = report();
    run.phase(1, "second").startAnew();
    // Phase 2's folder is empty but for what the report needs of it.
    Files.writeString(
        run.path().resolve("phase-02-second/selection.yaml"),
        """
        unfrozen_parameters:
        - model.layers.3.mlp.down_proj.weight
        - model.layers.3.mlp.gate_proj.weight
        - model.layers.3.mlp.up_proj.weight
        """);
    ReportFiles.rebuild(run);
    assertThat(report()).isEqualTo(before);

    new PhaseFolder(run.path().resolve("phase-01-first/model")).remove();
    assertThatThrownBy(() -> ReportFiles.rebuild(run))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("phase-01-first/model is gone");
  }

  @Test
  void runsOfVersionsThatCountedNoRowsCanBeRead() throws IOException {
    run();
    assertThat(report().at("/phases/0/totals/data/read").intValue()).isEqualTo(1);
    ObjectNode state = (ObjectNode) runs.json("runs/two/run.json");
    state
        .findParents("trained_values")
        .forEach(result -> ((ObjectNode) result).remove(List.of("data", "held_out")));
    Files.writeString(run.runJson(), state.toString());

    ReportFiles.rebuild(run);

    assertThat(report().at("/phases/0/totals").has("data")).isFalse();
    assertThat(report().at("/phases/0/totals/steps").intValue()).isEqualTo(2);
    run();
    assertThat(runs.messages()).contains("is finished");
  }

  @Test
  void halfACharacterAtTheEndOfTheMetricsIsPassedOver() throws IOException {
    run();
    JsonNode before = report();
    Path metrics = run.path().resolve("phase-01-first/metrics.jsonl");
    Files.write(metrics, new byte[] {'{', '"', 'l', (byte) 0xc3}, StandardOpenOption.APPEND);

    ReportFiles.rebuild(run);

    assertThat(report()).isEqualTo(before);
  }

  @Test
  void aFolderInAFilesPlaceIsRefused() throws IOException {
    run();
    Path page = run.reportPage();
    Files.delete(page);
    Files.createDirectory(page);

    assertThatThrownBy(() -> ReportFiles.rebuild(run))
        .isInstanceOf(InputException.class)
        .hasMessage(page + ": this is a folder, where the report has a file; remove it");
  }

  @Test
  void whatIsNoRunIsRefused() throws IOException {
    RunFolder empty = new RunFolder(Files.createDirectories(folder.resolve("empty")));

    assertThatThrownBy(() -> ReportFiles.rebuild(empty))
        .isInstanceOf(InputException.class)
        .hasMessage(empty.path() + " holds no run.json; name the folder of a run, as runs/NAME");
    assertThat(empty.path()).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"started", "updated", "name", "status", "polyphase", "phases"})
  void aStateThatLacksSomethingIsRefused(String key) throws IOException {
    run();
    ObjectNode state = (ObjectNode) runs.json("runs/two/run.json");
    state.remove(key);
    assertRefused(state);
  }

  @Test
  void aStateWhoseTimesAreNoneIsRefused() throws IOException {
    run();
    ObjectNode state = (ObjectNode) runs.json("runs/two/run.json");
    assertRefused(state.put("started", "yesterday"));
  }

  private void assertRefused(ObjectNode state) throws IOException {
    Files.writeString(run.runJson(), state.toString());

    assertThatThrownBy(() -> ReportFiles.rebuild(run))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("run.json: this is not the state of a run");
    assertThatThrownBy(this::run).isInstanceOf(InputException.class);
  }

  private void run() throws IOException {
    runs.run(TWO_PHASES, Start.BEGIN_OR_RESUME);
  }

  private JsonNode report() throws IOException {
    return new ObjectMapper().readTree(run.reportJson().toFile());
  }

  private static List<String> selected(JsonNode phase) {
    return StreamSupport.stream(phase.path("modules").spliterator(), false)
        .filter(module -> module.path("selected").booleanValue())
        .map(module -> module.path("module").textValue())
        .toList();
  }

  /** Finds nothing wrong, and then fails. */
  private static final class FailingTrainer implements PhaseTrainer {
    @Override
    public PreparedPhase prepare(PhaseRequest request, ReadingListener listener) {
      return new AddingTrainer.Otherwise(
          new AddingTrainer().prepare(request, listener).plan(),
          (start, hears) -> {
            throw new IOException("the disk is on fire");
          });
    }
  }
}
