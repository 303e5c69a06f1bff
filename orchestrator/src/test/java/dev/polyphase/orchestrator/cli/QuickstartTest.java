package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The quickstart's own pipeline and base model, a few rows and two steps of each phase. */
class QuickstartTest {
  private static final Path QUICKSTART =
      Path.of("").toAbsolutePath().getParent().resolve("pipelines/quickstart");

  /** A phase's folder. */
  private static final List<String> PHASE =
      List.of(
          "metrics.jsonl",
          "model/README.md",
          "model/config.json",
          "model/generation_config.json",
          "model/heatmap.png",
          "model/model.safetensors",
          "model/tokenizer.json",
          "model/tokenizer_config.json",
          "selection.yaml",
          "snr.json",
          "spectra.jsonl",
          "trainer_state.json");

  @TempDir Path folder;

  @Test
  void leavesExactlyTheseFilesAndTrainsFiveFourAndThreeLayersOfEachType() throws IOException {
    List<String> args = new ArrayList<>();
    args.addAll(List.of("run", QUICKSTART.resolve("quickstart.yaml").toString()));
    args.addAll(List.of("--output", folder.resolve("runs").toString()));
    List<String> data = List.of("sft-1", "sft-2", "pairs");
    for (int phase = 0; phase < data.size(); phase++) {
      set(args, phase, "max_steps", "2");
      set(args, phase, "micro_batch_size", "2");
      set(args, phase, "datasets", "[{path: %s}]".formatted(shortened(data.get(phase))));
      set(
          args,
          phase,
          "eval_datasets",
          "[{path: %s}]".formatted(shortened(data.get(phase) + "-eval")));
    }

    Polyphase.Ended ended = Polyphase.execute(args.toArray(String[]::new));

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    Path run = folder.resolve("runs/quickstart");
    List<String> phases =
        List.of("phase-01-foundation", "phase-02-refinement", "phase-03-alignment");
    List<String> expected =
        new ArrayList<>(
            List.of(
                ".lock",
                "events.jsonl",
                "log.jsonl",
                "pipeline.yaml",
                "report/heatmap.png",
                "report/heatmap.svg",
                "report/index.html",
                "report/report.json",
                "run.json"));
    phases.forEach(phase -> PHASE.forEach(file -> expected.add(phase + "/" + file)));
    for (String ofPairs : List.of("margins.json", "reference.json", "reference-held-out.json")) {
      expected.add("phase-03-alignment/" + ofPairs);
    }
    assertThat(filesBelow(run))
        .filteredOn(file -> !file.startsWith(".cache/spectra/"))
        .containsExactlyInAnyOrderElementsOf(expected);

    List<Integer> layers = List.of(5, 4, 3);
    for (int phase = 0; phase < layers.size(); phase++) {
      assertThat(layersOfEachType(run.resolve(phases.get(phase)).resolve("selection.yaml")))
          .hasSize(7)
          .values()
          .containsOnly(layers.get(phase));
    }
  }

  private static void set(List<String> args, int phase, String key, String value) {
    args.add("--set");
    args.add("phases[%d].%s=%s".formatted(phase, key, value));
  }

  /** The first rows of one of the quickstart's files. */
  private Path shortened(String name) throws IOException {
    Path all = QUICKSTART.resolve("data").resolve(name + ".jsonl");
    return Files.write(folder.resolve(name + ".jsonl"), Files.readAllLines(all).subList(0, 6));
  }

  private static Map<String, Integer> layersOfEachType(Path selection) throws IOException {
    Map<String, Integer> layers = new TreeMap<>();
    for (String line : Files.readAllLines(selection)) {
      if (line.startsWith("- model.layers.")) {
        layers.merge(line.replaceFirst("- model\\.layers\\.\\d+\\.", ""), 1, Integer::sum);
      }
    }
    return layers;
  }

  private static List<String> filesBelow(Path run) throws IOException {
    try (Stream<Path> files = Files.walk(run)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> run.relativize(file).toString().replace('\\', '/'))
          .toList();
    }
  }
}
