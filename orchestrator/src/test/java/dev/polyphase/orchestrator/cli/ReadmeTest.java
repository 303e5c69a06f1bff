package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.pipelines.TrainingEngine;
import dev.polyphase.pipelines.language.PipelineReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The README promises nothing that the program does not take. */
class ReadmeTest {
  /** A word of a command line, or several between quotes. */
  private static final Pattern WORD = Pattern.compile("\"[^\"]*\"|\\S+");

  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private final Cli cli =
      new Cli(
          Backend.shipped(),
          Console.of(
              OutputStream.nullOutputStream(),
              OutputStream.nullOutputStream(),
              StandardCharsets.UTF_8),
          Map.of());

  @Test
  void everyCommandLineParsesAndEveryCommandIsShown() throws IOException {
    Set<String> shown = new TreeSet<>();
    for (String line : Files.readAllLines(ROOT.resolve("README.md"))) {
      if (!line.startsWith("./polyphase ")) {
        continue;
      }
      String[] args =
          WORD.matcher(line.replaceFirst(" #.*", ""))
              .results()
              .skip(1)
              .map(word -> word.group().replace("\"", ""))
              .toArray(String[]::new);
      assertThatCode(() -> cli.commands().parseArgs(args)).as(line).doesNotThrowAnyException();
      shown.add(args[0]);
    }
    shown.remove("--help");
    assertThat(shown).isEqualTo(cli.commands().getSubcommands().keySet());
  }

  @Test
  void theExamplePipelinesAreValid() throws IOException {
    Matcher example =
        Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(ROOT.resolve("README.md")));

    assertThat(example.find()).isTrue();
    assertThat(PipelineReader.parse(example.group(1), "README.md", List.of()).phases())
        .extracting(phase -> phase.name())
        .containsExactly("foundation", "refinement", "alignment");
    assertThat(example.find()).isTrue();
    assertThat(PipelineReader.parse(example.group(1), "README.md", List.of()).phases())
        .extracting(phase -> phase.rows().chatTemplate())
        .containsExactly(Optional.of("llama3"));
    assertThat(example.find()).isTrue();
    assertThat(PipelineReader.parse(example.group(1), "README.md", List.of()).phases())
        .hasSize(7)
        .filteredOn(phase -> phase.trained().rescanEvery().isPresent())
        .isNotEmpty()
        // Or it would end before its first rescan.
        .allMatch(phase -> phase.length().numEpochs().orElse(0) > 1);
    assertThat(example.find()).isTrue();
    assertThat(PipelineReader.parse(example.group(1), "README.md", List.of()).phases())
        .hasSize(2)
        .allSatisfy(
            phase -> {
              TrainingEngine engine = phase.engine().orElseThrow();
              assertThat(engine.type()).isEqualTo(TrainingEngine.Type.TRL);
              assertThat(phase.batch().gradientAccumulationSteps() % engine.worldSize()).isZero();
            });
    assertThat(example.find()).isFalse();
  }

  /** Two bytes for what is frozen, sixteen for what is trained, dealt out. */
  @Test
  void theSizesForSeveralGpusAreTheirSums() throws IOException {
    Matcher row =
        Pattern.compile(
                "^\\| ([\\d.]+) billion.*? \\| (\\d+) % \\| ([\\d.]+) \\| ([\\d.]+) \\|$",
                Pattern.MULTILINE)
            .matcher(Files.readString(ROOT.resolve("README.md")));
    int rows = 0;
    while (row.find()) {
      double billions = Double.parseDouble(row.group(1));
      double trained = Double.parseDouble(row.group(2)) / 100;
      double gigabytes = billions * (2 * (1 - trained) + 16 * trained);
      assertThat(Double.parseDouble(row.group(3))).isCloseTo(gigabytes / 8, within(0.051));
      assertThat(Double.parseDouble(row.group(4))).isCloseTo(gigabytes / 16, within(0.051));
      rows++;
    }
    assertThat(rows).isEqualTo(6);
  }

  /** All that the launcher takes as it is set, what it sets for Java alone aside. */
  @Test
  void whatTheLauncherSetsUnlessItIsSetIsInTheTable() throws IOException {
    Set<String> defaults =
        Pattern.compile("^export (\\w+)=\"\\$\\{\\1:-", Pattern.MULTILINE)
            .matcher(Files.readString(ROOT.resolve("polyphase")))
            .results()
            .map(export -> export.group(1))
            .collect(Collectors.toSet());

    assertThat(defaults).contains("PYTORCH_CUDA_ALLOC_CONF");
    String readme = Files.readString(ROOT.resolve("README.md"));
    assertThat(defaults).allSatisfy(name -> assertThat(readme).contains("| `" + name + "` |"));
  }

  @Test
  void theExitCodesAreThoseOfTheProgram() throws IOException {
    Matcher rows =
        Pattern.compile("^\\| (\\d+) \\|", Pattern.MULTILINE)
            .matcher(Files.readString(ROOT.resolve("README.md")));

    assertThat(rows.results().map(row -> Integer.valueOf(row.group(1))))
        .containsExactly(
            ExitCode.DONE, ExitCode.FAILED, ExitCode.WRONG_INPUT, ExitCode.INTERRUPTED);
  }
}
