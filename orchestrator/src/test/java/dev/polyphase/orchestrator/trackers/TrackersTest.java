package dev.polyphase.orchestrator.trackers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.cli.Polyphase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pipelines that name trackers, run by the whole program. */
class TrackersTest {
  private static final String PIPELINE =
      """
      name: tracked
      base_model: tiny-llama
      device: cpu
      report_to: [tensorboard, mlflow]
      defaults:
        sequence_len: 48
        micro_batch_size: 2
        learning_rate: 1e-2
        targeting: {top_percent: 50, always_train: []}
        max_steps: 4
      phases:
        - {name: foundation, type: sft, datasets: [{path: text.jsonl}],
           eval_datasets: [{path: held-out.jsonl}], eval_steps: 2}
        - {name: alignment, type: dpo, datasets: [{path: pairs.jsonl}]}
      """;

  @TempDir Path folder;

  @Test
  void bothHaveEachRowOfTheMetrics() throws IOException {
    try (MlflowOnLoopback server = new MlflowOnLoopback()) {
      Polyphase.Ended ended = run(Map.of("MLFLOW_TRACKING_URI", server.address()));
      assertThat(ended.exitCode()).as(ended.messages()).isZero();
      assertThat(ended.messages()).doesNotContain("MLflow", "TensorBoard");

      for (String phase : List.of("foundation", "alignment")) {
        String index = phase.equals("foundation") ? "01" : "02";
        Path files = folder.resolve("runs/tracked/phase-" + index + "-" + phase);
        List<JsonNode> rows = rows(files);
        assertThat(shown(files)).containsExactlyElementsOf(tagged(rows));
        assertThat(server.run(phase).metrics).containsExactlyElementsOf(figures(rows));
        assertThat(server.run(phase).status).isEqualTo("FINISHED");
      }
      assertThat(server.run("tracked").status).isEqualTo("FINISHED");
      assertThat(server.run("tracked").params).containsEntry("report_to.1", "mlflow");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                       | report_to has mlflow, but MLFLOW_TRACKING_URI is not set",
        "sqlite:///hush.db        | MLFLOW_TRACKING_URI is no address of a server",
        "databricks               | MLFLOW_TRACKING_URI is no address of a server",
        "http://ann:hush@host     | MLFLOW_TRACKING_URI holds a user",
        "http://host/?token=hush  | MLFLOW_TRACKING_URI is no address of a server",
      })
  void aServerThatCanNotBeMeantIsRefusedBeforeAnythingIsWritten(String address, String sentence)
      throws IOException {
    Polyphase.Ended ended = run(Map.of("MLFLOW_TRACKING_URI", address));

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages()).contains(sentence).doesNotContain("hush");
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void halfOfAnAccessIsNone() throws IOException {
    Polyphase.Ended ended =
        run(Map.of("MLFLOW_TRACKING_URI", "http://host", "MLFLOW_TRACKING_PASSWORD", "hush"));

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages())
        .contains("of MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD one is not set")
        .doesNotContain("hush");
  }

  @Test
  void aTokenThatBreaksItsHeaderIsRefused() throws IOException {
    Polyphase.Ended ended =
        run(Map.of("MLFLOW_TRACKING_URI", "http://host", "MLFLOW_TRACKING_TOKEN", "hush\nX: y"));

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages())
        .contains("MLFLOW_TRACKING_TOKEN holds no token")
        .doesNotContain("hush");
  }

  private Polyphase.Ended run(Map<String, String> environment) throws IOException {
    Fixture.LLAMA.copyTo(folder);
    StringBuilder text = new StringBuilder();
    StringBuilder pairs = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      text.append("{\"text\": \"row %d of a small text\"}\n".formatted(i));
      pairs.append(
          "{\"prompt\": \"row %d\", \"chosen\": \" good\", \"rejected\": \" bad\"}\n".formatted(i));
    }
    Files.writeString(folder.resolve("text.jsonl"), text);
    Files.writeString(folder.resolve("pairs.jsonl"), pairs);
    Files.writeString(folder.resolve("held-out.jsonl"), "{\"text\": \"what nobody learned\"}\n");
    Path yaml = Files.writeString(folder.resolve("tracked.yaml"), PIPELINE);
    return Polyphase.execute(
        environment, "run", yaml.toString(), "--output", folder.resolve("runs").toString());
  }

  private static List<JsonNode> rows(Path phase) throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    for (String line : Files.readAllLines(phase.resolve("metrics.jsonl"))) {
      rows.add(new ObjectMapper().readTree(line));
    }
    assertThat(rows).hasSizeGreaterThanOrEqualTo(4);
    return rows;
  }

  /** What TensorBoard's files have, row by row: the step first. */
  private static List<Map<String, Float>> shown(Path phase) throws IOException {
    List<Path> files = EventRecords.files(phase);
    assertThat(files).hasSize(1);
    List<Map<String, Float>> shown = new ArrayList<>();
    for (EventRecords.Event event : EventRecords.in(files.get(0))) {
      if (!event.scalars().isEmpty()) {
        Map<String, Float> row = new LinkedHashMap<>(Map.of("step", (float) event.step()));
        row.putAll(event.scalars());
        shown.add(row);
      }
    }
    return shown;
  }

  private static List<Map<String, Float>> tagged(List<JsonNode> rows) {
    List<Map<String, Float>> tagged = new ArrayList<>();
    for (JsonNode row : rows) {
      Map<String, Float> figures = new LinkedHashMap<>();
      row.properties()
          .forEach(
              figure -> {
                String name = figure.getKey();
                String tag =
                    name.startsWith("eval_") ? name.replace("eval_", "eval/") : "train/" + name;
                figures.put(name.equals("step") ? "step" : tag, figure.getValue().floatValue());
              });
      if (!row.has("loss")) {
        figures.remove("train/epoch");
      }
      tagged.add(figures);
    }
    return tagged;
  }

  private static List<String> figures(List<JsonNode> rows) {
    List<String> figures = new ArrayList<>();
    for (JsonNode row : rows) {
      row.properties()
          .forEach(
              figure -> {
                boolean ofStep = row.has("loss") || !figure.getKey().equals("epoch");
                if (!figure.getKey().equals("step") && ofStep) {
                  figures.add(
                      "%s %d %s"
                          .formatted(
                              figure.getKey(),
                              row.path("step").asLong(),
                              figure.getValue().doubleValue()));
                }
              });
    }
    return figures;
  }
}
