package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Phases on several datasets, some of whose rows earlier phases train on too. */
class MixedRunTest {
  private static final String PIPELINE =
      """
      name: mixed
      base_model: tiny-llama
      device: cpu
      defaults:
        targeting: {method: parameters, unfrozen_parameters: [lm_head]}
        micro_batch_size: 4
        learning_rate: 1e-3
      phases:
        - name: broad
          type: sft
          datasets: [{path: math.jsonl, weight: 2}, {path: text/german.jsonl, weight: 0.5, channel: language}]
          eval_datasets: [{path: held-out.jsonl}, {path: math-held-out.jsonl}]
          eval_steps: 2
        - name: narrow
          type: sft
          datasets: [{path: math.jsonl}, {path: new.jsonl}]
          eval_datasets: [{path: text/german.jsonl}]
      """;

  private static final String AGAIN =
      "phase narrow: 6 of its 8 different rows (75.0 %) are trained on in phase broad already; leave"
          + " them out of one of the two, unless they are to be learned twice";
  private static final String SEEN =
      "phase narrow: 5 of its 10 different held-out rows (50.0 %) are trained on in phase broad, so"
          + " that their loss is not that of new ones; hold out others";

  @TempDir Path folder;
  private String yaml = "";

  @BeforeEach
  void files() throws IOException {
    Fixture.LLAMA.copyTo(folder);
    Files.createDirectories(folder.resolve("text"));
    write("math.jsonl", 0, 6);
    write("text/german.jsonl", 100, 10);
    write("held-out.jsonl", 200, 3);
    write("math-held-out.jsonl", 300, 2);
    write("new.jsonl", 400, 2);
    yaml = Files.writeString(folder.resolve("mixed.yaml"), PIPELINE).toString();
  }

  @Test
  void planSaysWhatAnEpochHasAndWhatPhasesShare() {
    Polyphase.Ended table = Polyphase.execute("plan", yaml);
    JsonNode plan = Polyphase.parse(Polyphase.execute("plan", yaml, "--json").results());

    assertThat(table.exitCode()).as(table.messages()).isZero();
    assertThat(table.results())
        .containsPattern("(?m)^datasets of broad +rows +in an epoch +tokens of it$")
        .containsPattern("(?m)^math +6 +12 +\\d+$")
        .containsPattern("(?m)^language +10 +5 +\\d+$")
        .containsPattern("(?m)^new +2 +2 +\\d+$")
        .contains("\n" + AGAIN + "\n", "\n" + SEEN + "\n");
    JsonNode broad = plan.at("/phases/0");
    assertThat(broad.at("/epoch/0/dataset").textValue()).isEqualTo("math");
    assertThat(broad.at("/epoch/0/available_rows").intValue()).isEqualTo(6);
    assertThat(broad.at("/epoch/0/epoch_rows").intValue()).isEqualTo(12);
    assertThat(broad.path("tokens_per_epoch").intValue())
        .isEqualTo(
            broad.at("/epoch/0/epoch_tokens").intValue()
                + broad.at("/epoch/1/epoch_tokens").intValue())
        .isEqualTo(broad.path("tokens").intValue());
    assertThat(broad.path("shared_rows")).isEmpty();
    assertThat(plan.at("/phases/1/shared_rows").toString())
        .isEqualTo("[{\"phase\":\"broad\",\"trained_rows\":6,\"held_out_rows\":5}]");
    assertThat(plan.at("/phases/1/warnings"))
        .extracting(JsonNode::textValue)
        .containsExactly(AGAIN, SEEN);
    // 17 rows in fours, and eight.
    assertThat(plan.path("phases").findValuesAsText("steps")).containsExactly("5", "2");
  }

  @Test
  void everyFileTellsOfTheLossesOfDatasets() throws IOException {
    Polyphase.Ended ended =
        Polyphase.execute("run", yaml, "--output", folder.resolve("runs").toString());

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.messages()).containsOnlyOnce(AGAIN).containsOnlyOnce(SEEN);
    Path phase = folder.resolve("runs/mixed/phase-01-broad");
    List<JsonNode> rows =
        Files.readAllLines(phase.resolve("metrics.jsonl")).stream().map(Polyphase::parse).toList();
    for (JsonNode row : rows) {
      if (row.has("loss")) {
        assertThat(row.has("loss/math") || row.has("loss/language")).isTrue();
      } else {
        double heldOut = row.path("eval_loss/held-out").asDouble();
        double math = row.path("eval_loss/math-held-out").asDouble();
        // Of rows of 20 tokens each 19 are targets: three rows and two.
        assertThat((3 * heldOut + 2 * math) / 5)
            .isCloseTo(row.path("eval_loss").asDouble(), within(1e-9));
      }
    }
    assertThat(Polyphase.json(phase.resolve("trainer_state.json")).path("log_history"))
        .anyMatch(row -> row.has("loss/math"))
        .anyMatch(row -> row.has("eval_loss/held-out"));
    String page = Files.readString(folder.resolve("runs/mixed/report/index.html"));
    assertThat(page)
        .contains("<summary>Loss by dataset</summary>", "<b>loss/language</b>")
        .contains("<b>eval_loss/math-held-out</b>", "held-out loss/held-out");
    assertThat(Files.readString(phase.resolve("model/README.md"))).doesNotContain("loss/");
  }

  private void write(String file, int seed, int count) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < count; i++) {
      String ids = Arrays.toString(new Random(seed + i).ints(20, 0, 256).toArray());
      rows.append("{\"input_ids\": %s, \"labels\": %s}%n".formatted(ids, ids));
    }
    Files.writeString(folder.resolve(file), rows);
  }
}
