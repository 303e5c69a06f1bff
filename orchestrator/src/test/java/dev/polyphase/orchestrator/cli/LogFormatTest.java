package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Messages of {@code run} as lines of JSON. */
class LogFormatTest {
  @TempDir Path folder;

  @BeforeEach
  void pipeline() throws IOException {
    Fixture.LLAMA.copyTo(folder);
    Files.writeString(folder.resolve("text.jsonl"), "{\"text\": \"The moon pulls the sea.\"}\n");
    Files.writeString(
        folder.resolve("one.yaml"),
        """
        name: one
        base_model: tiny-llama
        device: cpu
        defaults: {sequence_len: 48, learning_rate: 1e-2, max_steps: 3}
        phases:
          - {name: first, type: sft, targeting: {top_percent: 50}, datasets: [{path: text.jsonl}]}
        """);
  }

  @Test
  void standardErrorHasTheLinesOfTheLog() throws IOException {
    Polyphase.Ended ended = run("--log-format", "json");

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    List<String> lines = ended.messages().lines().toList();
    List<String> log = Files.readAllLines(folder.resolve("runs/one/log.jsonl"));
    assertThat(lines).hasSize(log.size() + 1).containsAll(log);
    assertThat(log)
        .extracting(line -> Polyphase.parse(line).path("event").asText())
        .containsSubsequence(
            "phase_checking",
            "run_started",
            "phase_started",
            "scan_started",
            "scanned",
            "selected",
            "step",
            "phase_finished",
            "run_finished");
    JsonNode report = Polyphase.parse(lines.get(lines.size() - 1));
    assertThat(report.path("message").asText()).startsWith("report: ");
    assertThat(report.path("run").asText()).isEqualTo("one");
    assertThat(ended.results().strip()).endsWith("phase-01-first/model");
  }

  @Test
  void anErrorIsALineToo() {
    Polyphase.Ended ended = run("--log-format=json", "--set", "name=a/b");

    assertThat(ended.exitCode()).isEqualTo(2);
    List<String> lines = ended.messages().lines().toList();
    assertThat(lines).isNotEmpty();
    assertThat(lines)
        .allMatch(line -> Polyphase.parse(line).path("level").asText().equals("error"));
    assertThat(Polyphase.parse(lines.get(0)).path("message").asText()).contains("name");
  }

  private Polyphase.Ended run(String... options) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "run",
                folder.resolve("one.yaml").toString(),
                "-o",
                folder.resolve("runs").toString()));
    args.addAll(List.of(options));
    return Polyphase.execute(args.toArray(String[]::new));
  }
}
