package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SelectionFileTest {
  private static final List<ModuleSnr> SNRS =
      List.of(
          new ModuleSnr("lm_head", "lm_head", 9),
          new ModuleSnr("model.layers.0.mlp.up_proj", "mlp.up_proj", 1),
          new ModuleSnr("model.layers.1.mlp.up_proj", "mlp.up_proj", 3),
          new ModuleSnr("model.layers.2.mlp.up_proj", "mlp.up_proj", 2),
          new ModuleSnr("model.layers.3.mlp.up_proj", "mlp.up_proj", 0));

  @TempDir Path folder;

  @Test
  void writesThePublishedBytes() throws IOException {
    Path file = folder.resolve("selection.yaml");

    SelectionFile.write(file, Selection.of(SNRS, 50), SelectionFile.head(TextNames.PLAIN));

    assertThat(Files.readString(file))
        .isEqualTo(
            """
            unfrozen_parameters:
            - ^lm_head.weight$
            - ^model.embed_tokens.weight$
            # lm_head layers
            # mlp.up_proj layers
            - model.layers.1.mlp.up_proj
            - model.layers.2.mlp.up_proj
            """);
    assertThat(SelectionFile.read(file))
        .containsExactly(
            "^lm_head.weight$",
            "^model.embed_tokens.weight$",
            "model.layers.1.mlp.up_proj",
            "model.layers.2.mlp.up_proj");
  }

  @Test
  void writesAnEmptySelection() throws IOException {
    Path file = folder.resolve("selection.yaml");

    SelectionFile.write(file, Selection.of(SNRS, 5), List.of());

    assertThat(Files.readString(file))
        .isEqualTo("unfrozen_parameters:\n# lm_head layers\n# mlp.up_proj layers\n");
    assertThatThrownBy(() -> SelectionFile.read(file))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file.toString());
  }

  @Test
  void namesFilesAsThePublishedTool() {
    String slug = PublishedNames.slugOfId("Qwen/Qwen2.5_14B");

    assertThat(PublishedNames.snrFile(slug)).isEqualTo("snr_results_Qwen-Qwen2.5-14B.json");
    assertThat(PublishedNames.selectionFile(PublishedNames.snrFile(slug), 20.0))
        .isEqualTo("snr_results_Qwen-Qwen2.5-14B_unfrozenparameters_20percent.yaml");
    assertThat(PublishedNames.selectionFile("scan", 12.5))
        .isEqualTo("scan_unfrozenparameters_12.5percent.yaml");
    assertThat(PublishedNames.selectionFile("scan.json", 100))
        .isEqualTo("scan_unfrozenparameters_100percent.yaml");
    assertThat(PublishedNames.slugOfFolder(Path.of("/models/tiny_llama/"))).isEqualTo("tiny-llama");
    assertThat(PublishedNames.slugOfFolder(folder.resolve("my_model").resolve(".")))
        .isEqualTo("my-model");
  }
}
