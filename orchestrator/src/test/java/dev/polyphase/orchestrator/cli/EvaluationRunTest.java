package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.batches.ValidationSplit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Phases that are evaluated on their way, as {@code run} leaves them. */
class EvaluationRunTest {
  private static final String PIPELINE =
      """
      name: watched
      base_model: tiny-llama
      device: cpu
      defaults:
        targeting: {method: parameters, unfrozen_parameters: [lm_head, model.layers.2.mlp.up_proj]}
        micro_batch_size: 4
        lr_scheduler: constant
        max_steps: 40
        eval_steps: 0.1
        early_stopping_patience: 2
        load_best_model_at_end: true
        neftune_noise_alpha: 5
      phases:
        - {name: tune, type: sft, datasets: [{path: rows.jsonl}], val_set_size: 0.25, learning_rate: 1e-2}
        - {name: prefer, type: dpo, datasets: [{path: pairs.jsonl}], val_set_size: 2, learning_rate: 1e-2,
           max_steps: 2, eval_steps: 1}
      """;

  @TempDir Path folder;
  private String yaml = "";
  private Path run = Path.of("");

  @BeforeEach
  void files() throws IOException {
    Fixture.LLAMA.copyTo(folder);
    StringBuilder rows = new StringBuilder();
    StringBuilder pairs = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      String ids = Arrays.toString(new Random(i).ints(40 + i, 0, 256).toArray());
      rows.append("{\"input_ids\": %s, \"labels\": %s}%n".formatted(ids, ids));
      pairs.append(
          "{\"prompt\": \"Say\", \"chosen\": \" %s\", \"rejected\": \" no\"}%n".formatted(i));
    }
    Files.writeString(folder.resolve("rows.jsonl"), rows);
    Files.writeString(folder.resolve("pairs.jsonl"), pairs);
    yaml = Files.writeString(folder.resolve("watched.yaml"), PIPELINE).toString();
    run = folder.resolve("runs/watched");
  }

  @Test
  void planCountsWhatIsHeldOut() {
    Polyphase.Ended planned = Polyphase.execute("plan", yaml, "--json");

    assertThat(planned.exitCode()).as(planned.messages()).isZero();
    JsonNode phases = Polyphase.parse(planned.results()).path("phases");
    assertThat(phases).extracting(phase -> phase.path("rows").intValue()).containsExactly(9, 10);
    assertThat(phases.findValuesAsText("eval_rows")).containsExactly("3", "2");
    assertThat(phases.findValuesAsText("steps")).containsExactly("40", "2");
  }

  @Test
  void everyFileTellsOfTheEvaluations() throws IOException {
    Polyphase.Ended ended =
        Polyphase.execute("run", yaml, "--output", folder.resolve("runs").toString());
    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    Path phase = run.resolve("phase-01-tune");

    List<JsonNode> evaluations =
        Files.readAllLines(phase.resolve("metrics.jsonl")).stream()
            .map(Polyphase::parse)
            .filter(row -> row.has("eval_loss"))
            .toList();
    JsonNode lowest = evaluations.get(0);
    for (JsonNode row : evaluations) {
      lowest =
          row.path("eval_loss").asDouble() < lowest.path("eval_loss").asDouble() ? row : lowest;
    }
    int best = lowest.path("step").asInt();
    // Patience of two evaluations, each tenth of 40 steps.
    int last = best + 8;
    assertThat(best).isPositive();
    assertThat(last).isLessThan(40);
    assertThat(evaluations).hasSize(last / 4 + 1);
    assertThat(evaluations).extracting(row -> row.path("step").asInt() % 4).containsOnly(0);

    JsonNode state = Polyphase.json(phase.resolve("trainer_state.json"));
    assertThat(state.path("best_global_step").asInt()).isEqualTo(best);
    assertThat(state.path("best_metric")).isEqualTo(lowest.path("eval_loss"));
    assertThat(state.path("eval_steps").asInt()).isEqualTo(4);
    assertThat(state.path("global_step").asInt()).isEqualTo(last);
    assertThat(state.path("max_steps").asInt()).isEqualTo(40);
    assertThat(state.path("log_history")).hasSize(last + evaluations.size());
    // Nine rows in batches of four: three steps an epoch, of 40 planned steps 14 in part.
    assertThat(state.path("num_train_epochs").asInt()).isEqualTo(14);

    JsonNode result = Polyphase.json(run.resolve("run.json")).at("/phases/0/result");
    assertThat(result.path("steps").asInt()).isEqualTo(last);
    assertThat(state.path("num_input_tokens_seen")).isEqualTo(result.path("tokens"));
    String end = "ended after step %d of 40: the held-out loss has not fallen".formatted(last);
    String choice = "the result has the weights after step %d, whose".formatted(best);
    assertThat(ended.messages()).containsOnlyOnce(end).contains(choice);
    assertThat(run.resolve("events.jsonl")).content().contains(end, choice);

    String page = Files.readString(run.resolve("report/index.html"));
    assertThat(page).contains("<b>eval_loss</b>");
    String change =
        "%.4f, %.4f"
            .formatted(
                evaluations.get(0).path("eval_loss").asDouble(),
                lowest.path("eval_loss").asDouble());
    assertThat(phase.resolve("model/README.md"))
        .content()
        .contains("| held-out loss, before and after | " + change)
        .contains("| held-out data | 25.0 % of the rows |");

    try (Stream<Path> left = Files.list(phase)) {
      assertThat(left.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "selection.yaml", "metrics.jsonl", "trainer_state.json", "model");
    }
    theWeightsAreThoseOfTheBest(phase, lowest);
  }

  /** {@code score} reads the saved folder on its own. */
  private void theWeightsAreThoseOfTheBest(Path phase, JsonNode lowest) throws IOException {
    Path model = phase.resolve("model");
    List<String> rows = Files.readAllLines(folder.resolve("rows.jsonl"));
    List<String> heldOut =
        Arrays.stream(ValidationSplit.of(12, 3, 42).heldOut()).mapToObj(rows::get).toList();
    Path input = Files.write(folder.resolve("held-out.jsonl"), heldOut);
    Polyphase.Ended scored =
        Polyphase.execute(
            "score", model.toString(), "--input", input.toString(), "--device", "cpu");
    double logprob = 0;
    double tokens = 0;
    for (String line : scored.results().lines().toList()) {
      logprob += Polyphase.parse(line).path("logprob").asDouble();
      tokens += Polyphase.parse(line).path("tokens").asDouble();
    }
    assertThat(-logprob / tokens).isCloseTo(lowest.path("eval_loss").asDouble(), within(1e-4));
  }
}
