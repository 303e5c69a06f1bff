package dev.polyphase.orchestrator.cli;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.polyphase.fixtures.Fifo;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.orchestrator.engine.AddingTrainer;
import dev.polyphase.orchestrator.engine.Floats;
import dev.polyphase.phases.api.ScoredRow;
import dev.polyphase.phases.families.RandomModels;
import dev.polyphase.weights.Checkpoint;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that are given other files than they expect, and places that hold something already. */
@Timeout(120)
class UntrustedPlacesTest {
  private static final String PIPELINE =
      """
      name: one
      base_model: tiny-llama
      phases:
        - {name: only, type: sft, targeting: {top_percent: 50}, learning_rate: 0.1, max_steps: 2,
           datasets: [{path: rows.jsonl}]}
      """;

  @TempDir Path folder;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private Path model = Path.of("");
  private Path yaml = Path.of("");
  private Path rows = Path.of("");
  private Path scan = Path.of("");

  @BeforeEach
  void files() throws IOException {
    model = Fixture.LLAMA.copyTo(folder);
    yaml = Files.writeString(folder.resolve("one.yaml"), PIPELINE);
    rows = Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"a\"}\n");
    scan = Files.writeString(folder.resolve("a.json"), "{\"t\": {\"x\": 3, \"y\": 2}}");
  }

  @Test
  void phasesOfARunHaveResultsOfTheirOwn() throws IOException {
    Path first = phaseModel("phase-01-foundation");
    Path second = phaseModel("phase-02-sharpened_up");
    String results = folder.resolve("scans").toString();

    for (Path each : List.of(first, second, model)) {
      assertThat(polyphase("scan", each.toString(), "-o", results)).as(err()).isZero();
    }
    assertThat(namesIn(folder.resolve("scans")))
        .containsExactly(
            "snr_results_my-run-phase-01-foundation.json",
            "snr_results_my-run-phase-02-sharpened-up.json",
            "snr_results_tiny-llama.json");

    // Without a run around it, a folder of that name is any other.
    Files.delete(folder.resolve("my_run/run.json"));
    assertThat(polyphase("scan", first.toString(), "-o", results)).isZero();
    assertThat(folder.resolve("scans/snr_results_model.json")).exists();
  }

  private Path phaseModel(String phase) throws IOException {
    Path copied = Files.createDirectories(folder.resolve("my_run").resolve(phase));
    Files.writeString(folder.resolve("my_run/run.json"), "{}");
    return Files.move(Fixture.LLAMA.copyTo(copied), copied.resolve("model"));
  }

  @Test
  void anotherModelsResultsAreNotReplaced() throws IOException {
    String results = folder.resolve("scans").toString();
    String[] command = {"scan", model.toString(), "-o", results, "--top-percent", "50"};
    assertThat(polyphase(command)).isZero();
    Path snr = folder.resolve("scans/snr_results_tiny-llama.json");
    String before = Files.readString(snr);
    assertThat(polyphase(command)).as("the same again").isZero();

    HandMadeTensors.ofFloats(
            Checkpoint.open(model),
            (name, values) -> {
              if (name.equals("model.layers.0.mlp.up_proj.weight")) {
                values[0] += 10;
              }
            })
        .writeTo(model);
    assertThat(polyphase(command)).isEqualTo(2);
    assertThat(err()).contains(snr + ": this holds other results").contains("--force");
    assertThat(snr).hasContent(before);
    assertThat(polyphase("scan", model.toString(), "-o", results, "--modules", "mlp.up_proj"))
        .isEqualTo(2);
    assertThat(err()).startsWith(snr + ": this holds other results").hasLineCount(1);

    String[] forced = {"scan", model.toString(), "-o", results, "--force"};
    assertThat(polyphase(forced)).isZero();
    assertThat(Files.readString(snr)).isNotEqualTo(before);
  }

  @Test
  void anotherSelectionIsNotReplaced() throws IOException {
    Path file = folder.resolve("selection.yaml");
    String[] half = {"select", scan.toString(), "--top-percent", "50", "-o", file.toString()};
    String[] all = {"select", scan.toString(), "--top-percent", "100", "-o", file.toString()};
    assertThat(polyphase(half)).isZero();
    assertThat(polyphase(half)).isZero();
    String before = Files.readString(file);

    assertThat(polyphase(all)).isEqualTo(2);
    assertThat(err()).startsWith(file + ": this holds other results").hasLineCount(1);
    assertThat(file).hasContent(before);
    String[] forced = Stream.concat(Stream.of(all), Stream.of("--force")).toArray(String[]::new);
    assertThat(polyphase(forced)).isZero();
    assertThat(file).content().contains("- y");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rows.jsonl", "tiny-llama/../rows.jsonl", "link", "hard link"})
  void noInputIsDestroyed(String name) throws IOException {
    Files.createSymbolicLink(folder.resolve("link"), rows);
    Files.createLink(folder.resolve("hard link"), rows);
    String output = folder + "/" + name;

    assertThat(polyphase("score", model.toString(), "--input", rows.toString(), "-o", output))
        .isEqualTo(2);
    assertThat(err()).contains("-o is the file " + rows).hasLineCount(1);
    assertThat(rows).hasContent("{\"text\": \"a\"}\n");

    Files.copy(scan, rows, StandardCopyOption.REPLACE_EXISTING);
    Files.delete(folder.resolve("hard link"));
    Files.createLink(folder.resolve("hard link"), rows);
    assertThat(polyphase("select", rows.toString(), "--top-percent", "50", "-o", output, "--force"))
        .isEqualTo(2);
    assertSameBytes(rows, scan);
  }

  @Test
  void aModelIsNoPlaceForItsScores() throws IOException {
    Path config = model.resolve("config.json");
    String before = Files.readString(config);
    for (Path file : List.of(config, model.resolve("model.safetensors"))) {
      assertThat(
              polyphase(
                  "score", model.toString(), "--input", rows.toString(), "-o", file.toString()))
          .isEqualTo(2);
      assertThat(err()).contains("-o is the file " + file).hasLineCount(1);
    }
    assertThat(config).hasContent(before);
  }

  @Test
  void standardOutputIsNamedAsElsewhere() {
    for (String name : List.of("-", "/dev/stdout")) {
      assertThat(polyphase("select", scan.toString(), "--top-percent", "50", "-o", name)).isZero();
      assertThat(out()).endsWith("# t layers\n- x\n");
      assertThat(polyphase("score", model.toString(), "--input", rows.toString(), "-o", name))
          .isZero();
      assertThat(out()).isEqualTo("{\"tokens\":2,\"logprob\":-3.0,\"loss\":1.5}\n");
    }
    assertThat(Path.of("-")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "validate FIFO",
        "plan FIFO",
        "run FIFO",
        "select FIFO --top-percent 50",
        "compare FIFO FIFO",
        "render FIFO --input ROWS",
        "render MODEL --input FIFO"
      })
  void fifosAreNotWaitedFor(String command) throws IOException {
    Path fifo = Fifo.make(folder.resolve("fifo"));
    Files.writeString(model.resolve("chat_template.jinja"), "x");
    String[] args =
        Stream.of(command.split(" "))
            .map(word -> word.replace("FIFO", fifo.toString()))
            .map(word -> word.replace("ROWS", rows.toString()))
            .map(word -> word.replace("MODEL", model.toString()))
            .toArray(String[]::new);

    assertThat(polyphase(args)).isEqualTo(2);
    assertThat(err()).isEqualTo(fifo + ": this is a FIFO, and a file is needed\n");
  }

  @Test
  void standardInputIsReadOnce() throws IOException {
    assertThat(withInput(PIPELINE, "validate", "-")).isZero();
    assertThat(out()).isEqualTo("standard input: valid, 1 phase\n");
    assertThat(withInput("{\"t\": {\"x\": 3}}", "select", "/dev/stdin", "--top-percent", "50"))
        .isZero();
    assertThat(withInput("{\"t\": ", "select", "-", "--top-percent", "50")).isEqualTo(2);
    assertThat(err()).startsWith("standard input:1:").hasLineCount(1);
    assertThat(withInput("{\"t\": {\"x\": 3}}", "compare", "-", scan.toString())).isZero();
    assertThat(withInput("", "compare", "-", "/dev/stdin")).isEqualTo(2);
    assertThat(err()).contains("standard input holds one scan").hasLineCount(1);

    Path template = Files.writeString(folder.resolve("t.jinja"), "{{ messages[0].content }}");
    String row = "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}\n";
    assertThat(withInput(row, "render", template.toString(), "--input", "-")).isZero();
    assertThat(out()).isEqualTo("{\"text\":\"hi\"}\n");
    assertThat(withInput("{\"a\" 1}\n", "render", template.toString(), "--input", "-"))
        .isEqualTo(2);
    assertThat(err()).startsWith("standard input:1:6: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"plan", "run"})
  void aPlaceThatCantHoldARunShowsBeforehand(String command) throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    refusesRuns(command, file, "as " + file + " is a file, not a folder");
    refusesRuns(command, file.resolve("runs"), "as " + file + " is a file, not a folder");
    refusesRuns(command, folder.resolve("x".repeat(256)), "is too long; choose a shorter one");
    Files.createFile(Files.createDirectory(folder.resolve("runs")).resolve("one"));
    refusesRuns(command, folder.resolve("runs"), "exists and is no run");
  }

  @ParameterizedTest
  @ValueSource(strings = {"plan", "run"})
  void aPlaceThatMayNotBeWrittenToShowsBeforehand(String command) throws IOException {
    Path closed = Files.createDirectory(folder.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));
    assumeFalse(Files.isWritable(closed), "root may write anywhere");
    refusesRuns(command, closed, "(permission denied)");
    refusesRuns(command, closed.resolve("deep/runs"), "(permission denied)");

    Path licence = Files.createFile(model.resolve("LICENSE"));
    Files.setPosixFilePermissions(licence, PosixFilePermissions.fromString("---------"));
    refusesRuns(command, folder.resolve("open"), licence + ": you may not read this");
  }

  @ParameterizedTest
  @ValueSource(strings = {"plan", "run"})
  void aLinkOutOfTheBaseShowsBeforehand(String command) throws IOException {
    Path secret = Files.writeString(folder.resolve("shadow"), "secret");
    Path link = Files.createSymbolicLink(model.resolve("LICENSE"), secret);
    refusesRuns(command, folder.resolve("runs"), link + ": this is a link to " + secret);
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  private void refusesRuns(String command, Path runs, String sentence) {
    String set = "output_dir=" + runs;
    assertThat(polyphase(command, yaml.toString(), "--set", set)).as(err()).isEqualTo(2);
    assertThat(err()).contains(sentence).hasLineCount(1);
  }

  @Test
  void aPlaceThatCantHoldAScanShowsBeforehand() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    Path taken = Files.createDirectories(folder.resolve("s/snr_results_tiny-llama.json"));
    for (Path output : List.of(file, file.resolve("x"), taken.getParent())) {
      assertThat(polyphase("scan", model.toString(), "-o", output.toString())).isEqualTo(2);
      assertThat(err()).contains("folder").doesNotContain("scanned").hasLineCount(1);
    }
  }

  private int withInput(String text, String... args) {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    try {
      return polyphase(args);
    } finally {
      System.setIn(before);
    }
  }

  private int polyphase(String... args) {
    out.reset();
    err.reset();
    Backend backend =
        new Backend(
            (phase, rows) -> new AddingTrainer(),
            engineFolder -> {},
            (device, orCpu, notes) -> Floats.singularValues(),
            new RandomModels(),
            (folderOfModel, scored, device, dtype, results) ->
                results.scored(new ScoredRow(2, -3.0, 1.5)));
    Map<String, String> environment =
        Map.of("POLYPHASE_HOME", folder.resolve("home").toString(), "HF_HUB_OFFLINE", "1");
    Console console = Console.of(out, err, StandardCharsets.UTF_8);
    return new Cli(backend, console, environment).execute(args);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static List<String> namesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
