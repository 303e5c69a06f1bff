package dev.polyphase.orchestrator.cli;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.engine.AddingTrainer;
import dev.polyphase.orchestrator.engine.Floats;
import dev.polyphase.phases.api.ScoredRow;
import dev.polyphase.phases.families.RandomModels;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class CliTest {
  private static final String VALID =
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
  private Path yaml = Path.of("");
  private Path model = Path.of("");

  @BeforeEach
  void files() throws IOException {
    model = Fixture.LLAMA.copyTo(folder);
    yaml = Files.writeString(folder.resolve("one.yaml"), VALID);
    Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"a\"}\n");
  }

  @Test
  void helpAndVersionAreResults() {
    assertThat(polyphase("--help")).isZero();
    assertThat(out())
        .contains("run", "validate", "scan", "select", "score", "render", "Exit codes");
    assertThat(polyphase("--version")).isZero();
    assertThat(out()).startsWith("polyphase ");
    assertThat(err()).isEmpty();
  }

  @Test
  void aWrongCommandLineIsOneSentenceAndAHint() {
    assertThat(polyphase("rum", "x.yaml")).isEqualTo(2);
    assertThat(err())
        .startsWith("polyphase: Unmatched argument")
        .contains("'rum'", "did you mean run", "see: polyphase --help")
        .hasLineCount(1);
    assertThat(polyphase("select", "snr.json")).isEqualTo(2);
    assertThat(err()).contains("--top-percent", "see: polyphase select --help").hasLineCount(1);
    assertThat(polyphase("run", yaml.toString(), "--resume", "--fresh")).isEqualTo(2);
    assertThat(err()).contains("--resume", "--fresh", "mutually exclusive").hasLineCount(1);
    assertThat(polyphase()).isEqualTo(2);
    assertThat(err()).hasLineCount(1);
    assertThat(out()).isEmpty();
  }

  @Test
  void whatCannotBeAPathIsNamed() {
    assertThat(polyphase("validate", "a\0b.yaml")).isEqualTo(2);
    assertThat(err())
        .contains(
            "'a\uFFFDb.yaml' can't be a path: it holds a NUL character, which ends one; remove")
        .doesNotContain("Exception")
        .hasLineCount(1);
    assertThat(polyphase("scan", "model\0", "-o", folder.toString())).isEqualTo(2);
    assertThat(err()).startsWith("'model\uFFFD' can't be a path: it holds a NUL").hasLineCount(1);
    assertThat(polyphase("render", "\uD800", "--input", yaml.toString())).isEqualTo(2);
    assertThat(err()).startsWith("'\uFFFD' can't be a path: it holds one half").hasLineCount(1);
    assertThat(polyphase("plan", yaml.toString(), "--set", "output_dir=\"a\\0\"")).isEqualTo(2);
    assertThat(err())
        .isEqualTo(
            "--set output_dir=\"a\\0\": this text holds a NUL character (\\0), which ends a path;"
                + " remove it\n");
  }

  /** The launcher chooses another locale; without it there is a sentence. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aLocaleInWhichAFileCannotBeNamedIsNamed() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            "sh",
            "-c",
            "LC_ALL=C exec \"$0\" -cp \"$1\" \"$2\" validate \"$(printf"
                + " 'modell-\\303\\274.yaml')\"",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            System.getProperty("java.class.path"),
            Main.class.getName());
    Process process = builder.start();
    String messages = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).isEqualTo(2);
    assertThat(messages)
        .contains("can't be a path: Java takes names of files for", "set LC_ALL to a locale of")
        .hasLineCount(1);
  }

  @Test
  void emptyArgumentsAreRefusedByName() {
    String pipeline = yaml.toString();
    List<List<String>> commands =
        List.of(
            List.of("scan", "", "MODEL"),
            List.of("scan", model.toString(), "-o", "", "--output"),
            List.of("scan", model.toString(), "--modules", "", "--modules"),
            List.of("select", "", "--top-percent", "25", "SNR.json"),
            List.of("select", "snr.json", "--top-percent", "25", "-o", "", "--output"),
            List.of("compare", "a.json", "", "B.json"),
            List.of("plan", "", "PIPELINE.yaml"),
            List.of("plan", pipeline, "--set", "", "--set"),
            List.of("run", pipeline, "--output", "", "--output"),
            List.of("run", pipeline, "--output=", "--output"),
            List.of("validate", "", "PIPELINE.yaml"),
            List.of("score", model.toString(), "--input", "", "--input"),
            List.of("render", model.toString(), "--input", "", "--input"),
            List.of("report", "", "RUN_DIR"));
    for (List<String> command : commands) {
      int last = command.size() - 1;

      assertThat(polyphase(command.subList(0, last).toArray(String[]::new))).isEqualTo(2);
      assertThat(err())
          .startsWith("polyphase " + command.get(0) + ": " + command.get(last) + " is empty; ")
          .hasLineCount(1);
      assertThat(out()).isEmpty();
    }
  }

  @Test
  void whatSteersATerminalIsShownEscaped() throws IOException {
    String odd = "a\u001b[31mb";
    List<List<String>> commands =
        List.of(
            List.of("scan", odd),
            List.of("select", odd, "--top-percent", "25"),
            List.of("report", odd),
            List.of("plan", yaml.toString(), "--set", "\u202e" + odd + "=1"),
            List.of("validate", odd),
            List.of("score", model.toString(), "--input", odd),
            List.of(odd));
    for (List<String> command : commands) {
      assertThat(polyphase(command.toArray(String[]::new))).isEqualTo(2);
      assertThat(err()).contains("a\\u001b[31mb").doesNotContain("\u001b", "\u202e");
    }
  }

  @Test
  void validateOpensNoOtherFile() throws IOException {
    Files.delete(folder.resolve("rows.jsonl"));

    assertThat(polyphase("validate", yaml.toString())).isZero();
    assertThat(out()).isEqualTo(yaml + ": valid, 1 phase\n");
  }

  @Test
  void everyProblemOfAPipelineHasItsLine() throws IOException {
    Files.writeString(
        yaml,
        VALID
            .replace("name: one", "name: ../one")
            .replace("learning_rate: 0.1", "learning_rat: 0"));

    assertThat(polyphase("validate", yaml.toString())).isEqualTo(2);
    assertThat(err().lines())
        .anySatisfy(line -> assertThat(line).startsWith(yaml + ":1:7: ").contains("../one"))
        .anySatisfy(line -> assertThat(line).contains("did you mean learning_rate"))
        .allSatisfy(line -> assertThat(line).startsWith(yaml + ":"));
    assertThat(polyphase("validate", folder.resolve("no.yaml").toString())).isEqualTo(2);
    assertThat(err()).contains("there is no such file").hasLineCount(1);
  }

  @Test
  void scanWritesThePublishedFilesFlatIntoItsFolder() throws IOException {
    Path results = folder.resolve("scan");
    assertThat(
            polyphase(
                "scan",
                model.toString(),
                "-o",
                results.toString(),
                "--top-percent",
                "50",
                "--top-percent",
                "12.5",
                "--modules",
                "mlp.up_proj,self_attn.q_proj"))
        .isZero();

    assertThat(namesIn(results))
        .containsExactly(
            "snr_results_tiny-llama.json",
            "snr_results_tiny-llama_unfrozenparameters_12.5percent.yaml",
            "snr_results_tiny-llama_unfrozenparameters_50percent.yaml");
    JsonNode scan =
        new ObjectMapper().readTree(results.resolve("snr_results_tiny-llama.json").toFile());
    assertThat(scan.size()).isEqualTo(8);
    // 12.5 % of four is nothing; the published tool writes the comments alone.
    assertThat(results.resolve("snr_results_tiny-llama_unfrozenparameters_12.5percent.yaml"))
        .hasContent(
            """
            unfrozen_parameters:
            - ^lm_head.weight$
            - ^model.embed_tokens.weight$
            # mlp.up_proj layers
            # self_attn.q_proj layers
            """);
    assertThat(out().lines()).hasSize(3);
  }

  @Test
  void selectPrintsWhatScanWouldHaveWritten() throws IOException {
    Path results = folder.resolve("scan");
    polyphase("scan", model.toString(), "-o", results.toString(), "--top-percent", "50");
    String snr = results.resolve("snr_results_tiny-llama.json").toString();
    Path written = results.resolve("snr_results_tiny-llama_unfrozenparameters_50percent.yaml");

    assertThat(polyphase("select", snr, "--top-percent", "50")).isZero();
    assertThat(out()).isEqualTo(Files.readString(written));
    Path file = folder.resolve("selection.yaml");
    assertThat(polyphase("select", snr, "--top-percent", "50", "-o", file.toString())).isZero();
    assertSameBytes(file, written);
    assertThat(out()).isEmpty();
  }

  @Test
  void selectNamesHeadAndEmbeddingsAsTheScannedModelDoes() throws IOException {
    Path snr =
        Files.writeString(
            folder.resolve("snr.json"),
            """
            {"language_model.model.layers.0.mlp.up_proj": {"snr": 1.5, "type": "mlp.up_proj"}}
            """);

    assertThat(polyphase("select", snr.toString(), "--top-percent", "100")).isZero();
    assertThat(out())
        .isEqualTo(
            """
            unfrozen_parameters:
            - ^language_model.lm_head.weight$
            - ^language_model.model.embed_tokens.weight$
            # mlp.up_proj layers
            - language_model.model.layers.0.mlp.up_proj
            """);
  }

  @Test
  void scanEndsWithATableAndSaysHowFarItIs() throws IOException {
    Path results = folder.resolve("scan");
    String[] scan = {
      "scan",
      model.toString(),
      "-o",
      results.toString(),
      "--modules",
      "lm_head,mlp.up_proj",
      "--top-percent",
      "50"
    };

    assertThat(polyphase(scan)).isZero();
    List<String> lines = err().lines().toList();
    assertThat(lines).hasSize(5 + 3);
    assertThat(lines.get(4)).matches("scanned 5/5 matrices, 0.\\d of 0.\\d MB");
    assertThat(lines.get(5)).matches("type +modules +min +median +max +chosen at 50 %");
    assertThat(lines.get(6)).matches("lm_head +1 .* 0 of 1");
    assertThat(lines.get(7)).matches("mlp.up_proj +4 .* 2 of 4");

    String[] robust = Arrays.copyOf(scan, scan.length + 3);
    robust[scan.length] = "--profile";
    robust[scan.length + 1] = "robust";
    robust[scan.length + 2] = "--force";
    assertThat(polyphase(robust)).isZero();
    assertThat(err().lines()).element(6).asString().matches("lm_head +1 .* 1 of 1");
    assertThat(polyphase("scan", model.toString(), "--modules", "re:(")).isEqualTo(2);
    assertThat(err()).contains("'re:(' is no regular expression").hasLineCount(1);
  }

  @Test
  void compareSaysWhatChangedAsTextAndJson() throws IOException {
    Path first = folder.resolve("a.json");
    Path second = folder.resolve("b.json");
    Files.writeString(first, "{\"t\": {\"x\": 3, \"y\": 2, \"z\": Infinity, \"w\": 1}}");
    Files.writeString(second, "{\"t\": {\"x\": 3, \"y\": 2, \"z\": NaN, \"w\": 1}}");

    assertThat(polyphase("compare", first.toString(), second.toString())).isZero();
    assertThat(out())
        .isEqualTo(
            """
            type  modules  selected in A  in both  rank correlation
            t           4              1        0             1.000

            entered the best 25 %
              x

            left the best 25 %
              z

            largest moves
            module  rank in A  in B  SNR in A   in B
            z               1     4  Infinity    NaN
            x               2     1     3.000  3.000
            y               3     2     2.000  2.000
            w               4     3     1.000  1.000
            """);
    String[] json = {
      "compare", first.toString(), second.toString(), "--json", "--top-percent", "75"
    };
    assertThat(polyphase(json)).isZero();
    JsonNode found = new ObjectMapper().readTree(out());
    assertThat(found.path("entered")).extracting(JsonNode::asText).containsExactly("w");
    assertThat(found.path("left")).extracting(JsonNode::asText).containsExactly("z");
    assertThat(found.path("types").get(0).path("selected_in_both").intValue()).isEqualTo(2);
    assertThat(found.path("types").get(0).path("rank_correlation").doubleValue()).isEqualTo(1);
    assertThat(found.path("largest_moves").get(0).path("snr_a").isNull()).isTrue();
    assertThat(found.path("largest_moves").get(0).path("rank_b").intValue()).isEqualTo(4);
    assertThat(polyphase("compare", first.toString(), "no.json")).isEqualTo(2);
    assertThat(err()).isEqualTo("no.json: there is no such file; name the snr.json of a scan\n");
  }

  @Test
  void wrongModelsAndScansAreInputErrorsAndLeaveNothing() throws IOException {
    byte[] weights = Files.readAllBytes(model.resolve("model.safetensors"));
    Path results = folder.resolve("scan");

    assertThat(polyphase("scan", folder.resolve("nowhere").toString())).isEqualTo(2);
    assertThat(err()).contains("there is no folder").hasLineCount(1);
    assertThat(polyphase("scan", "no-such/model")).isEqualTo(2);
    assertThat(err()).contains("nor in the Hugging Face cache").hasLineCount(1);
    assertThat(polyphase("scan", model.toString(), "--modules", "mlp.no_proj")).isEqualTo(2);
    assertThat(err()).contains("mlp.no_proj").hasLineCount(1);
    for (int length : new int[] {0, 7, 1000, weights.length - 1}) {
      Files.write(model.resolve("model.safetensors"), Arrays.copyOf(weights, length));
      assertThat(polyphase("scan", model.toString(), "-o", results.toString())).isEqualTo(2);
      assertThat(err()).startsWith(model + "/model.safetensors").hasLineCount(1);
    }
    assertThat(results).doesNotExist();

    Path snr = Files.writeString(folder.resolve("snr.json"), "{\"a\": ");
    assertThat(polyphase("select", snr.toString(), "--top-percent", "50")).isEqualTo(2);
    assertThat(err()).startsWith(snr.toString()).hasLineCount(1);
    assertThat(polyphase("select", folder.resolve("no.json").toString(), "--top-percent", "5"))
        .isEqualTo(2);
    for (String percent : List.of("0", "101", "-5", "NaN")) {
      assertThat(polyphase("scan", model.toString(), "--top-percent", percent)).isEqualTo(2);
      assertThat(err()).contains("top_percent is").hasLineCount(1);
    }
  }

  @Test
  void runTrainsAndSaysWhereTheModelIs() throws IOException {
    Path runs = folder.resolve("elsewhere");
    assertThat(polyphase("run", yaml.toString(), "--output", runs.toString())).isZero();
    assertThat(out()).isEqualTo(runs.resolve("one/phase-01-only/model") + "\n");
    assertThat(err()).contains("phase 1/1 only: step 2/2 loss 0.5000 lr 1.0e-01");

    assertThat(polyphase("run", yaml.toString(), "--output", runs.toString())).isZero();
    assertThat(err()).contains("is finished");
    assertThat(
            polyphase(
                "run",
                yaml.toString(),
                "--output",
                runs.toString(),
                "--set",
                "phases.only.learning_rate=0.2"))
        .isEqualTo(2);
    assertThat(err()).contains("phases.only.learning_rate is 0.2").hasLineCount(1);
  }

  @Test
  void wrongInputOfARunLeavesNothing() throws IOException {
    Path runs = folder.resolve("runs");
    String[] run = {"run", yaml.toString(), "--output", runs.toString()};

    Files.writeString(yaml, VALID.replace("top_percent: 50", "top_percent: 20"));
    assertThat(polyphase(run)).isEqualTo(2);
    assertThat(err()).contains("picks no module").hasLineCount(1);
    Files.writeString(yaml, VALID.replace("base_model: tiny-llama", "base_model: tiny-lama"));
    assertThat(polyphase(run)).isEqualTo(2);
    assertThat(err()).contains("tiny-lama").hasLineCount(1);
    Files.writeString(yaml, VALID + "name: two\n");
    assertThat(polyphase(run)).isEqualTo(2);
    assertThat(polyphase("run", yaml.toString(), "--output", runs.toString(), "--resume"))
        .isEqualTo(2);
    assertThat(runs).doesNotExist();
  }

  @Test
  void scoresAreOneLineARowInOrder() throws IOException {
    Path rows = folder.resolve("rows.jsonl");
    String expected =
        """
        {"tokens":2,"logprob":-3.0,"loss":1.5}
        {"tokens":0,"logprob":0.0,"loss":null}
        """;

    assertThat(polyphase("score", model.toString(), "--input", rows.toString())).isZero();
    assertThat(out()).isEqualTo(expected);
    Path file = folder.resolve("scores.jsonl");
    String[] toFile = {
      "score", model.toString(), "--input", rows.toString(), "-o", file.toString()
    };
    assertThat(polyphase(toFile)).isZero();
    assertThat(file).hasContent(expected);

    Files.delete(file);
    Files.delete(rows);
    assertThat(polyphase(toFile)).isEqualTo(2);
    assertThat(err()).isEqualTo(rows + ": there is no such file\n");
    assertThat(file).doesNotExist();
  }

  @Test
  void otherFailuresAreOneSentenceWithoutAStackTrace() throws IOException {
    Files.delete(model.resolve("config.json"));
    Path rows = folder.resolve("rows.jsonl");

    assertThat(
            polyphase("score", model.toString(), "--input", rows.toString(), "--dtype", "bfloat16"))
        .isEqualTo(1);
    assertThat(err())
        .isEqualTo(model.resolve("config.json") + ": there is no such file or folder\n");
    assertThat(
            polyphase(
                "--debug",
                "score",
                model.toString(),
                "--input",
                rows.toString(),
                "--dtype",
                "bfloat16"))
        .isEqualTo(1);
    assertThat(err()).contains("NoSuchFileException", "\tat ");
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
            (folderOfModel, rows, device, dtype, results) -> {
              Files.readString(folderOfModel.resolve("config.json"));
              if (!Files.exists(rows)) {
                throw new InputException(Place.in(rows.toString()), "there is no such file");
              }
              results.scored(new ScoredRow(2, -3.0, 1.5));
              results.scored(new ScoredRow(0, 0.0, null));
            });
    Map<String, String> environment =
        Map.of(
            "HF_HUB_CACHE", folder.resolve("hub").toString(),
            "HF_HUB_OFFLINE", "1",
            "POLYPHASE_HOME", folder.resolve("home").toString());
    Console console = Console.of(out, err, StandardCharsets.UTF_8);
    return new Cli(backend, console, environment).execute(args);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static Set<String> namesIn(Path folder) throws IOException {
    Set<String> names = new TreeSet<>();
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(file -> names.add(file.getFileName().toString()));
    }
    return names;
  }
}
