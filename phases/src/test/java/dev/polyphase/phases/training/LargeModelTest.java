package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.api.FreeMemory;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.families.RandomModels;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Placement;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.objective.BatchSize;
import dev.polyphase.phases.preparation.ModelParts;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model of 14 billion parameters on GPUs that are not there, by its configuration alone. */
class LargeModelTest {
  private static final double USABLE = 0.85;
  private static final int BLOCKS = 48;

  /** Qwen2.5-14B's. */
  private static final String CONFIG =
      """
      {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_size": 5120,
       "num_hidden_layers": 48, "num_attention_heads": 40, "num_key_value_heads": 8,
       "intermediate_size": 13824, "vocab_size": 152064, "tie_word_embeddings": false,
       "rms_norm_eps": 1e-5, "rope_theta": 1000000.0, "max_position_embeddings": 32768,
       "hidden_act": "silu", "dtype": "bfloat16"}
      """;

  private static final String PIPELINE =
      """
      name: large
      base_model: base
      phases:
        - name: one
          type: sft
          targeting: {method: full}
          datasets: [{path: rows.jsonl}]
          learning_rate: 1.0e-5
      """;

  @TempDir static Path folder;

  @BeforeAll
  static void outline() throws IOException {
    Path tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
    Files.writeString(tokenizer.resolve("tokenizer.json"), "{}");
    Path config = Files.writeString(folder.resolve("config.json"), CONFIG);
    new RandomModels().outline(config, tokenizer, Files.createDirectory(folder.resolve("base")));
  }

  /** Each device has by so many GB more than suffices where all blocks are computed again. */
  @ParameterizedTest
  @CsvSource({
    "adamw, 1, 1, 6",
    "adamw, 8, 1, 6",
    "adamw_8bit, 8, 1, 5",
    "adamw, 8, 2, 4",
    "adamw, 1, 3, 2",
  })
  void oneMoreBlockOfAnyPlaceWouldNotFit(String optimizer, int passes, int places, int more)
      throws IOException {
    List<String> devices = List.of("cuda:0", "cuda:1", "cuda:2").subList(0, places);
    MemoryFormula memory = memory(optimizer, passes, 4, true, devices);
    long least =
        PlacedPhase.of(memory, Activations.RECOMPUTED, device -> OptionalLong.of(1))
            .needs()
            .stream()
            .mapToLong(need -> need.bytes())
            .max()
            .orElseThrow();
    long usable = least + more * 1_000_000_000L;
    FreeMemory free = device -> OptionalLong.of((long) (usable / USABLE) + 1);

    PlacedPhase placed = PlacedPhase.asFree(memory, memory, free);

    assertThat(memory.at(placed.placement()).recomputedBlocks()).isBetween(1, BLOCKS - 1);
    for (int place = 0; place < places; place++) {
      assertThat(placed.needs().get(place).bytes()).isLessThanOrEqualTo(usable);
      int from = Math.min(placed.placement().keptFrom().get(place), end(placed, place));
      if (from > placed.needs().get(place).firstBlock()) {
        Placement another = placed.placement().keeping(place, from - 1);
        assertThat(PlacedPhase.at(memory, another, free).needs().get(place).bytes())
            .isGreaterThan(usable);
      }
    }
  }

  private static int end(PlacedPhase placed, int place) {
    return placed.needs().get(place).firstBlock() + placed.needs().get(place).blocks();
  }

  /** With frozen ends, and all blocks computed again. */
  @ParameterizedTest
  @CsvSource({"adamw, 1, 4, 80", "adamw, 8, 4, 80", "adamw_8bit, 1, 5, 48"})
  void projectionsAreTrainedInTheMemoryOfOneCard(
      String optimizer, int passes, int oneIn, int gigabytes) throws IOException {
    MemoryFormula memory = memory(optimizer, passes, oneIn, false, List.of("cuda:0"));
    Placement recomputed = Placement.on("cuda:0", Precision.BFLOAT16, Activations.RECOMPUTED);

    assertThat(memory.at(recomputed).totalBytes()).isLessThan(gigabytes * 1_000_000_000L);
  }

  /**
   * Some of the projections; 4,096 tokens.
   *
   * @param oneIn one in so many projections is trained
   * @param ends whether both ends are trained too
   */
  private static MemoryFormula memory(
      String optimizer, int passes, int oneIn, boolean ends, List<String> devices)
      throws IOException {
    Checkpoint checkpoint = Checkpoint.open(folder.resolve("base"));
    ModelLayout layout = new ModelLayout(ConfigReader.read(checkpoint));
    List<String> projections =
        layout.parameters().stream()
            .map(Parameter::name)
            .filter(name -> name.endsWith("_proj.weight"))
            .toList();
    Set<String> trained =
        projections.stream()
            .filter(name -> projections.indexOf(name) % oneIn == 0)
            .collect(Collectors.toSet());
    if (ends) {
      trained.addAll(Set.of(layout.embedding(), layout.head()));
    }
    Trainable parts = new Trainable(trained, Adapters.none());
    Phase phase =
        PipelineReader.parse(
                PIPELINE,
                "large.yaml",
                List.of(
                    "phases.one.optimizer=" + optimizer,
                    "phases.one.gradient_accumulation_steps=" + passes))
            .phases()
            .get(0);
    PhaseSetup setup =
        new PhaseSetup(
            phase,
            new ComputeSettings(devices, Precision.BFLOAT16),
            new ModelParts(layout, checkpoint, parts),
            parts,
            false,
            Optional.empty());
    return new MemoryFormula(setup, parts, new BatchSize(1, 4096), passes > 1);
  }
}
