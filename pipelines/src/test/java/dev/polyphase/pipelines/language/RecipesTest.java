package dev.polyphase.pipelines.language;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.Targeting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every recipe is read; a run takes its file's name. */
class RecipesTest {
  private static final Path RECIPES = Path.of("recipes");

  @ParameterizedTest
  @MethodSource("files")
  void isValidAndNamedAsItsFile(Path file) throws IOException {
    assertThat(PipelineReader.read(file, List.of()).name() + ".yaml")
        .isEqualTo(file.getFileName().toString());
  }

  static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(RECIPES)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  /** What a recipe reads before any data lies beside it. */
  @Test
  void theNewModelsPartsAreThere() throws IOException {
    BaseModel.Random model =
        (BaseModel.Random)
            PipelineReader.read(RECIPES.resolve("from-nothing.yaml"), List.of()).baseModel();
    assertThat(RECIPES.resolve(model.config())).isRegularFile();
    assertThat(RECIPES.resolve(model.tokenizer()).resolve("tokenizer.json")).isRegularFile();
  }

  /** As published: 25, 20 and 15 %; 0.6 B, 0.6 B and 80 M tokens. */
  @Test
  void sauerkrautIsAsPublished() throws IOException {
    Pipeline pipeline = PipelineReader.read(RECIPES.resolve("sauerkraut-v2-14b.yaml"), List.of());
    assertThat(pipeline.phases())
        .extracting(phase -> ((Targeting.Snr) phase.trained().targeting()).rule())
        .containsExactly(
            SelectionRule.published(25), SelectionRule.published(20), SelectionRule.published(15));
    assertThat(pipeline.phases())
        .extracting(phase -> phase.length().maxTokens().getAsLong())
        .containsExactly(600_000_000L, 600_000_000L, 80_000_000L);
    assertThat(pipeline.phases())
        .extracting(phase -> phase.length().numEpochs())
        .allMatch(epochs -> epochs.isEmpty());
  }
}
