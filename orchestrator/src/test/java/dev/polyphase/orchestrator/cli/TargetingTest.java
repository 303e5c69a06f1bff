package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs of the shipped program that choose weights in other ways than the published one. */
class TargetingTest {
  @TempDir Path folder;

  @Test
  void controlByAnotherMetricThenSomeRows() throws IOException {
    Fixture.LLAMA.copyTo(folder);
    Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"some words\"}\n");
    Path yaml =
        Files.writeString(
            folder.resolve("p.yaml"),
            """
            name: p
            base_model: tiny-llama
            defaults: {learning_rate: 1.0e-3, max_steps: 1, datasets: [{path: rows.jsonl}]}
            phases:
              - name: control
                type: cpt
                targeting:
                  {metric: stable_rank, mode: random, top_percent: 50, always_train: [],
                   modules: ['re:mlp']}
              - name: rows
                type: cpt
                weight_decay: 0.5
                targeting:
                  {method: parameters, unfrozen_parameters: ['^model.embed_tokens.weight$[32:127]', lm_head]}
            """);

    Polyphase.Ended ended =
        Polyphase.execute("run", yaml.toString(), "--output", folder.resolve("runs").toString());

    assertThat(ended.messages()).contains("model.embed_tokens.weight$[32:127] matches 1 tensors");
    assertThat(ended.exitCode()).isZero();
    Path run = folder.resolve("runs/p");
    assertReportTells(
        run.resolve("phase-01-control"), Polyphase.json(run.resolve("report/report.json")));
    assertRows(run.resolve("phase-01-control/model"), run.resolve("phase-02-rows/model"));
    assertThat(run.resolve("phase-02-rows/selection.yaml"))
        .content()
        .contains("- model.embed_tokens.weight[32:127]\n", "- lm_head.weight\n");
  }

  /** Ranks follow the metric, of which less is better; what is selected was drawn. */
  private static void assertReportTells(Path phase, JsonNode report) throws IOException {
    Map<String, JsonNode> spectra = new HashMap<>();
    for (String line : Files.readAllLines(phase.resolve("spectra.jsonl"))) {
      JsonNode row = Polyphase.parse(line);
      assertThat(row.path("metric").asText()).isEqualTo("stable_rank");
      spectra.put(row.path("module").asText(), row);
    }
    Set<String> selected = new HashSet<>();
    Set<String> lines = new HashSet<>(Files.readAllLines(phase.resolve("selection.yaml")));
    JsonNode modules = report.path("phases").get(0).path("modules");
    assertThat(modules).hasSize(12);
    for (JsonNode module : modules) {
      String name = module.path("module").asText();
      JsonNode own = spectra.get(name);
      long better =
          spectra.values().stream()
              .filter(other -> other.path("type").equals(own.path("type")))
              .filter(other -> other.path("score").asDouble() < own.path("score").asDouble())
              .count();
      assertThat(module.path("rank").asLong()).as(name).isEqualTo(better + 1);
      assertThat(module.path("selected").asBoolean()).isEqualTo(lines.contains("- " + name));
      if (module.path("selected").asBoolean()) {
        selected.add(name);
      }
    }
    assertThat(selected).hasSize(6);
  }

  private static void assertRows(Path before, Path after) throws IOException {
    String name = "model.embed_tokens.weight";
    byte[] old = TensorValues.bytes(Checkpoint.open(before).find(name).orElseThrow());
    byte[] fresh = TensorValues.bytes(Checkpoint.open(after).find(name).orElseThrow());
    List<Long> shape = Checkpoint.open(before).find(name).orElseThrow().shape();
    int rowBytes = Math.toIntExact(old.length / shape.get(0));
    for (int row = 0; row < shape.get(0); row++) {
      boolean same =
          Arrays.equals(
              Arrays.copyOfRange(old, row * rowBytes, (row + 1) * rowBytes),
              Arrays.copyOfRange(fresh, row * rowBytes, (row + 1) * rowBytes));
      assertThat(same).as("row %d", row).isEqualTo(row < 32 || row >= 127);
    }
  }
}
