package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every pipeline that is shipped, and those that the README shows, pass all checks of a run, with a
 * small model in the place of a published one and a few rows where their own data will lie.
 */
class ShippedPipelinesTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Path RECIPES = ROOT.resolve("pipelines/recipes");

  /** As many layers as the largest of the published models, and a vocabulary of their kind. */
  private static final String SMALL =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 16,
       "intermediate_size": 32, "num_hidden_layers": 48, "num_attention_heads": 2,
       "num_key_value_heads": 1, "vocab_size": 40000, "tie_word_embeddings": false,
       "max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "hidden_act": "silu",
       "initializer_range": 0.02, "torch_dtype": "bfloat16", "eos_token_id": 258}
      """;

  @TempDir Path folder;

  @ParameterizedTest
  @MethodSource("recipes")
  void recipes(String name) throws IOException {
    for (Path file : list(RECIPES)) {
      copy(file, folder.resolve(file.getFileName()));
    }
    assertPlanned(folder.resolve(name));
  }

  static List<String> recipes() throws IOException {
    return list(RECIPES).stream()
        .map(file -> file.getFileName().toString())
        .filter(name -> name.endsWith(".yaml"))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("examples")
  void examplesOfTheReadme(String yaml) throws IOException {
    assertPlanned(Files.writeString(folder.resolve("example.yaml"), yaml));
  }

  static List<String> examples() throws IOException {
    List<String> examples =
        Pattern.compile("```yaml\n(name:.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(ROOT.resolve("README.md")))
            .results()
            .map(example -> example.group(1))
            // Planned it asks for a Python; ReadmeTest reads it.
            .filter(example -> !example.contains("\nengine:"))
            .toList();
    assertThat(examples).hasSize(3);
    return examples;
  }

  /** Their data and their model lie beside them. */
  @ParameterizedTest
  @ValueSource(strings = {"base.yaml", "quickstart.yaml"})
  void quickstart(String name) {
    Polyphase.Ended planned =
        Polyphase.execute("plan", ROOT.resolve("pipelines/quickstart").resolve(name).toString());

    assertThat(planned.exitCode()).as(planned.messages()).isZero();
  }

  private void assertPlanned(Path file) throws IOException {
    Pipeline pipeline = PipelineReader.read(file, List.of());
    List<String> args = new ArrayList<>(List.of("plan", file.toString(), "--json"));
    if (pipeline.baseModel() instanceof BaseModel.Existing) {
      Files.writeString(folder.resolve("small.json"), SMALL);
      copy(RECIPES.resolve("byte-level-tokenizer"), folder.resolve("small-tokenizer"));
      args.add("--set");
      args.add("base_model={init: random, config: small.json, tokenizer: small-tokenizer}");
    }
    for (Phase phase : pipeline.phases()) {
      for (Dataset dataset :
          Stream.concat(phase.datasets().stream(), phase.evaluation().evalDatasets().stream())
              .toList()) {
        Path rows = folder.resolve(dataset.path().replace("*", "rows"));
        Files.createDirectories(rows.getParent());
        StringBuilder different = new StringBuilder();
        for (int i = 0; i < 5; i++) {
          different.append(rows(phase.type()).formatted(rows.getFileName() + " " + i));
        }
        Files.writeString(rows, different);
      }
    }

    Polyphase.Ended planned = Polyphase.execute(args.toArray(String[]::new));

    assertThat(planned.exitCode()).as(planned.messages()).isZero();
    assertThat(Polyphase.parse(planned.results()).path("phases").findValuesAsText("name"))
        .containsExactlyElementsOf(pipeline.phases().stream().map(Phase::name).toList());
  }

  /** A row of the type's shape, made different by what is put into it. */
  private static String rows(PhaseType type) {
    return switch (type) {
      case CPT -> "{\"text\": \"The moon pulls the sea. %s\"}\n";
      case SFT ->
          "{\"messages\": [{\"role\": \"user\", \"content\": \"2 + 3? %s\"},"
              + " {\"role\": \"assistant\", \"content\": \"5\"}]}\n";
      case DPO, CPO, ORPO, SIMPO ->
          "{\"prompt\": \"2 + 3? %s\", \"chosen\": \" 5\", \"rejected\": \" 6\"}\n";
      case KTO -> "{\"prompt\": \"2 + 3? %s\", \"completion\": \" 5\", \"label\": true}\n";
    };
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.copy(from, to);
    if (Files.isDirectory(from)) {
      for (Path file : list(from)) {
        copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
