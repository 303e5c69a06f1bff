package dev.polyphase.orchestrator.cli;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs of the shipped program whose phase measures its weights anew on its way. */
class RescanRunTest {
  /** Four rows; at this rate the order of SNRs does not last. */
  private static final String PIPELINE =
      """
      name: NAME
      base_model: tiny-llama
      device: cpu
      dtype: DTYPE
      phases:
        - name: one
          type: cpt
          targeting: {top_percent: 50, always_train: [lm_head]}
          datasets: [{path: rows.jsonl}]
          learning_rate: RATE
          lr_scheduler: constant
          max_steps: STEPS
      """;

  @TempDir Path folder;
  private Path base = Path.of("");

  @BeforeEach
  void files() throws IOException {
    base = Fixture.LLAMA.copyTo(folder);
    StringBuilder rows = new StringBuilder();
    for (String word : List.of("some words", "and others", "then more of them", "the end")) {
      rows.append("{\"text\": \"%s\"}\n".formatted(word));
    }
    Files.writeString(folder.resolve("rows.jsonl"), rows);
  }

  /** A second program measures the weights that a phase of so many steps leaves. */
  @ParameterizedTest
  @CsvSource({"epoch, 4, 9, float32", "3, 3, 8, float32", "epoch, 4, 9, bfloat16"})
  void eachRescanIsThatOfTheWeightsAtItsStep(String every, int between, int steps, String dtype)
      throws IOException {
    if (dtype.equals("bfloat16")) {
      HandMadeTensors.inBfloat16(Checkpoint.open(base)).writeTo(base);
    }
    Polyphase.Ended ended = run("moving", dtype, "2e-2", steps, "rescan_every: " + every);

    Path phase = folder.resolve("runs/moving/phase-01-one");
    assertThat(names(phase.resolve("rescans")))
        .containsExactly("step-%06d".formatted(between), "step-%06d".formatted(2 * between));
    List<String> selections = new ArrayList<>(List.of(selection(phase)));
    for (int step = between; step < steps; step += between) {
      String shorter = "shorter-" + step;
      run(shorter, dtype, "2e-2", step, "rescan_every: " + every);
      Path model = folder.resolve("runs").resolve(shorter).resolve("phase-01-one/model");
      Polyphase.Ended scanned =
          Polyphase.execute(
              "scan",
              model.toString(),
              "-o",
              folder.resolve("scans-" + step).toString(),
              "--device",
              "cpu");
      assertThat(scanned.exitCode()).as(scanned.messages()).isZero();
      Path rescan = phase.resolve("rescans/step-%06d".formatted(step));
      assertSameBytes(
          rescan.resolve("snr.json"),
          folder.resolve("scans-%d/snr_results_%s-phase-01-one.json".formatted(step, shorter)));
      assertThat(names(rescan)).containsExactly("selection.yaml", "snr.json", "spectra.jsonl");
      selections.add(selection(rescan));
    }

    // Or this would tell nothing of moves.
    assertThat(new TreeSet<>(selections)).hasSizeGreaterThan(1);
    assertThat(ended.messages())
        .containsSubsequence(
            "phase 1/1 one: rescanning after step " + between + "\n",
            "phase 1/1 one: rescan after step " + between + ": ");
    assertThat(names(phase))
        .containsExactlyInAnyOrder(
            "snr.json",
            "spectra.jsonl",
            "selection.yaml",
            "rescans",
            "metrics.jsonl",
            "trainer_state.json",
            "model");
  }

  @Test
  void everyFileTellsOfTheMoves() throws IOException {
    Polyphase.Ended ended =
        run("moving", "float32", "3e-3", 9, "rescan_every: 3", "lr_by_snr: {scale: rank}");

    Path run = folder.resolve("runs/moving");
    Path phase = run.resolve("phase-01-one");
    JsonNode rescans = Polyphase.json(run.resolve("report/report.json")).at("/phases/0/rescans");
    assertThat(rescans.findValuesAsText("step")).containsExactly("3", "6");
    Path before = phase;
    Set<String> everTrained = modules(before);
    int moves = 0;
    for (JsonNode rescan : rescans) {
      Path after = phase.resolve("rescans/step-%06d".formatted(rescan.path("step").asInt()));
      Set<String> entered = modules(after);
      entered.removeAll(modules(before));
      Set<String> left = modules(before);
      left.removeAll(modules(after));
      assertThat(texts(rescan.path("entered"))).isEqualTo(entered);
      assertThat(texts(rescan.path("left"))).isEqualTo(left);
      moves += entered.size();
      everTrained.addAll(entered);
      assertThat(Polyphase.json(after.resolve("learning_rates.json")).path("factors").fieldNames())
          .toIterable()
          .containsExactlyInAnyOrderElementsOf(modules(after));
      before = after;
    }
    assertThat(moves).isPositive();
    assertWhatEverWasTrainedIsGreen(run, everTrained);

    assertThat(
            Polyphase.json(run.resolve("run.json")).at("/phases/0/result/trained_tensors").asInt())
        .isEqualTo(everTrained.size());
    String note = "rescan after step 6: ";
    assertThat(ended.messages()).containsOnlyOnce(note);
    assertThat(run.resolve("events.jsonl")).content().containsOnlyOnce(note);
    assertThat(run.resolve("report/index.html"))
        .content()
        .contains("Chosen anew on the way: 2 times, " + moves + " module");
    assertThat(phase.resolve("model/README.md"))
        .content()
        .contains("| chosen anew | every 3 steps, 2 times |");
    assertThat(run.resolve("pipeline.yaml")).content().contains("rescan_every: 3\n");
  }

  private static void assertWhatEverWasTrainedIsGreen(Path run, Set<String> everTrained)
      throws IOException {
    JsonNode reported = Polyphase.json(run.resolve("report/report.json")).at("/phases/0");
    Set<String> selected = texts(reported.path("always_trained"));
    reported
        .path("modules")
        .forEach(
            module -> {
              if (module.path("selected").asBoolean()) {
                selected.add(module.path("module").asText());
              }
            });
    assertThat(selected).isEqualTo(everTrained);
    // The head is trained beside those that are ranked.
    int ranked = everTrained.size() - 1;
    assertThat(reported.at("/totals/selected_modules").asInt()).isEqualTo(ranked);
    assertThat(run.resolve("report/heatmap.svg"))
        .content()
        .contains(ranked + " of 28 modules and 1 always trained", "14 at a time, 2 rescans");
  }

  /** Neither the scan nor what it reads leaves a trace in the numbers. */
  @Test
  void whereTheOrderLastsNothingChanges() throws IOException {
    run("plain", "float32", "1e-6", 6, "shuffle: true");
    Polyphase.Ended ended = run("moving", "float32", "1e-6", 6, "shuffle: true", "rescan_every: 1");

    assertThat(ended.messages()).contains("rescan after step 5: the same 15 modules as before");
    assertSameBytes(
        folder.resolve("runs/moving/phase-01-one/model/model.safetensors"),
        folder.resolve("runs/plain/phase-01-one/model/model.safetensors"));
    assertThat(losses("moving")).isEqualTo(losses("plain")).hasSize(6);
  }

  @Test
  void planCountsThem() throws IOException {
    Path yaml = write("planned", "float32", "1e-3", 9, "rescan_every: epoch");

    Polyphase.Ended json = Polyphase.execute("plan", yaml.toString(), "--json");
    Polyphase.Ended table = Polyphase.execute("plan", yaml.toString());

    assertThat(Polyphase.parse(json.results()).at("/phases/0/rescans").asInt()).isEqualTo(2);
    assertThat(table.results()).containsPattern("(?m)^  rescans +2$");
  }

  @Test
  void aPhaseThatEndsBeforeItsFirstIsToldOf() throws IOException {
    String sentence =
        "phase one has no rescan: rescan_every is 9, and the phase ends after 9 steps;"
            + " set it below 9\n";
    Path yaml = write("short", "float32", "1e-3", 9, "rescan_every: 9");

    Polyphase.Ended plan = Polyphase.execute("plan", yaml.toString());
    Polyphase.Ended run = run("short", "float32", "1e-3", 9, "rescan_every: 9");

    assertThat(plan.results()).containsPattern("(?m)^  rescans +0$").endsWith("\n" + sentence);
    assertThat(run.messages()).containsOnlyOnce(sentence);
    assertThat(folder.resolve("runs/short/phase-01-one/model/README.md"))
        .content()
        .contains("| chosen anew | never |");
  }

  private Polyphase.Ended run(String name, String dtype, String rate, int steps, String... settings)
      throws IOException {
    Path yaml = write(name, dtype, rate, steps, settings);
    Polyphase.Ended ended =
        Polyphase.execute("run", yaml.toString(), "--output", folder.resolve("runs").toString());
    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    return ended;
  }

  private Path write(String name, String dtype, String rate, int steps, String... settings)
      throws IOException {
    StringBuilder yaml =
        new StringBuilder(
            PIPELINE
                .replace("NAME", name)
                .replace("DTYPE", dtype)
                .replace("RATE", rate)
                .replace("STEPS", Integer.toString(steps)));
    for (String setting : settings) {
      yaml.append("    ").append(setting).append('\n');
    }
    return Files.writeString(folder.resolve(name + ".yaml"), yaml);
  }

  private List<String> losses(String name) throws IOException {
    return Polyphase.steps(
            folder.resolve("runs").resolve(name).resolve("phase-01-one/metrics.jsonl"))
        .stream()
        .map(row -> row.path("loss") + " " + row.path("grad_norm"))
        .toList();
  }

  private static String selection(Path decision) throws IOException {
    return Files.readString(decision.resolve("selection.yaml"));
  }

  /** The lines of the format, the head's pattern as a name. */
  private static Set<String> modules(Path decision) throws IOException {
    return selection(decision)
        .lines()
        .filter(line -> line.startsWith("- "))
        .map(line -> line.equals("- ^lm_head.weight$") ? "lm_head" : line.substring(2))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> texts(JsonNode list) {
    Set<String> texts = new TreeSet<>();
    list.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
