package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three phases on a real checkpoint: each scans, selects and trains what the one before left. */
class ThreePhasesTest {
  private static final String PIPELINE =
      """
      name: three
      base_model: tiny-qwen2
      device: cpu
      defaults:
        sequence_len: 48
        micro_batch_size: 2
        gradient_accumulation_steps: 2
        learning_rate: 1e-3
        warmup_ratio: 0.1
      phases:
        - {name: foundation, type: sft, targeting: {top_percent: 50, always_train: []}, datasets: [{path: text.jsonl}]}
        - {name: refinement, type: sft, targeting: {top_percent: 40, always_train: []}, datasets: [{path: text.jsonl}]}
        - {name: alignment, type: dpo, targeting: {top_percent: 34, always_train: []}, datasets: [{path: pairs.jsonl}]}
      """;
  private static final List<String> PHASES =
      List.of("phase-01-foundation", "phase-02-refinement", "phase-03-alignment");

  @TempDir Path folder;

  @Test
  void eachPhaseTrainsWhatItSelectedAndNothingElse() throws IOException {
    Path base = Fixture.QWEN2.copyTo(folder);
    Path run = runAll();

    Path before = base;
    for (String phase : PHASES) {
      Path after = run.resolve(phase).resolve("model");
      Set<String> selected = selectedTensors(run.resolve(phase));
      assertThat(selected).isNotEmpty();
      assertThat(differing(before, after)).as(phase).isEqualTo(selected);
      List<String> files = new ArrayList<>(fileNames(base));
      files.addAll(List.of("README.md", "heatmap.png"));
      assertThat(fileNames(after)).containsExactlyInAnyOrderElementsOf(files);
      before = after;
    }
  }

  @Test
  void theSecondScanDiffersExactlyInWhatTheFirstPhaseTrained() throws IOException {
    Fixture.QWEN2.copyTo(folder);
    Path run = runAll();

    JsonNode first = Polyphase.json(run.resolve(PHASES.get(0)).resolve("snr.json"));
    JsonNode second = Polyphase.json(run.resolve(PHASES.get(1)).resolve("snr.json"));
    Set<String> moved = new TreeSet<>();
    for (Iterator<String> modules = first.fieldNames(); modules.hasNext(); ) {
      String module = modules.next();
      if (!first.path(module).equals(second.path(module))) {
        moved.add(module);
      }
    }
    Set<String> trained =
        selectedTensors(run.resolve(PHASES.get(0))).stream()
            .filter(name -> name.endsWith(".weight"))
            .map(name -> name.substring(0, name.length() - ".weight".length()))
            .collect(Collectors.toSet());
    assertThat(moved).isEqualTo(trained);
  }

  @Test
  void foldersAreCompleteAndFinishedPhasesAreNotRunAgain() throws IOException {
    Fixture.QWEN2.copyTo(folder);
    Path run = runAll();

    for (String phase : PHASES) {
      List<String> files = new ArrayList<>(List.of("metrics.jsonl", "model"));
      if (phase.endsWith("alignment")) {
        files.add(0, "margins.json");
        files.add("reference.json");
      }
      files.addAll(List.of("selection.yaml", "snr.json", "spectra.jsonl", "trainer_state.json"));
      assertThat(fileNames(run.resolve(phase))).containsExactlyElementsOf(files);
    }
    assertThat(fileNames(run))
        .containsExactly(
            ".cache",
            ".lock",
            "events.jsonl",
            "log.jsonl",
            "phase-01-foundation",
            "phase-02-refinement",
            "phase-03-alignment",
            "pipeline.yaml",
            "report",
            "run.json");
    JsonNode report = Polyphase.json(run.resolve("report/report.json"));
    assertThat(report.path("phases")).hasSize(3);
    byte[] events = Files.readAllBytes(run.resolve("events.jsonl"));
    byte[] log = Files.readAllBytes(run.resolve("log.jsonl"));

    Polyphase.Ended again = polyphase();

    assertThat(again.exitCode()).isZero();
    assertThat(again.messages()).contains("is finished");
    assertThat(Files.readAllBytes(run.resolve("events.jsonl"))).isEqualTo(events);
    assertThat(Files.readAllBytes(run.resolve("log.jsonl"))).isEqualTo(log);
  }

  private Path runAll() throws IOException {
    List<String> sentences =
        List.of(
            "The moon pulls the sea towards it.",
            "Zwei und zwei sind vier.",
            "Water boils at one hundred degrees.");
    StringBuilder text = new StringBuilder();
    StringBuilder pairs = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      String sentence = sentences.get(i % 3) + " " + i;
      text.append("{\"text\": \"%s\"}%n".formatted(sentence));
      pairs.append(
          "{\"prompt\": \"Say %d:\", \"chosen\": \" %s\", \"rejected\": \" no\"}%n"
              .formatted(i, sentence));
    }
    Files.writeString(folder.resolve("text.jsonl"), text);
    Files.writeString(folder.resolve("pairs.jsonl"), pairs);
    Files.writeString(folder.resolve("three.yaml"), PIPELINE);
    Polyphase.Ended ended = polyphase();
    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    return folder.resolve("runs/three");
  }

  private Polyphase.Ended polyphase() {
    return Polyphase.execute(
        "run",
        folder.resolve("three.yaml").toString(),
        "--output",
        folder.resolve("runs").toString());
  }

  /** The tensors of the modules in {@code selection.yaml}: weight and bias. */
  private static Set<String> selectedTensors(Path phase) throws IOException {
    Set<String> tensors = new HashSet<>();
    Checkpoint checkpoint = Checkpoint.open(phase.resolve("model"));
    for (String line : Files.readAllLines(phase.resolve("selection.yaml"))) {
      if (line.startsWith("- ")) {
        for (String part : List.of(".weight", ".bias")) {
          if (checkpoint.contains(line.substring(2) + part)) {
            tensors.add(line.substring(2) + part);
          }
        }
      }
    }
    return tensors;
  }

  private static Set<String> differing(Path before, Path after) throws IOException {
    Checkpoint old = Checkpoint.open(before);
    Set<String> names = new HashSet<>();
    for (TensorInfo tensor : Checkpoint.open(after).tensors()) {
      byte[] bytes = TensorValues.bytes(old.find(tensor.name()).orElseThrow());
      if (!Arrays.equals(bytes, TensorValues.bytes(tensor))) {
        names.add(tensor.name());
      }
    }
    return names;
  }

  private static List<String> fileNames(Path parent) throws IOException {
    try (Stream<Path> files = Files.list(parent)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
