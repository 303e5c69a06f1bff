package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TrainableTensorsTest {
  private static final List<ModuleSnr> SNRS =
      List.of(
          new ModuleSnr("model.layers.0.self_attn.q_proj", "self_attn.q_proj", 1),
          new ModuleSnr("model.layers.1.self_attn.q_proj", "self_attn.q_proj", 2),
          new ModuleSnr("model.layers.0.mlp.up_proj", "mlp.up_proj", 2),
          new ModuleSnr("model.layers.1.mlp.up_proj", "mlp.up_proj", 1));

  private static final List<String> HEAD_AND_EMBEDDINGS = List.of("embed_tokens", "lm_head");

  @TempDir Path folder;

  @Test
  void modulesTrainWeightAndBiasAndATiedHeadTheEmbeddings() throws IOException {
    Checkpoint tied = Checkpoint.open(Fixture.QWEN2.copyTo(folder));
    AlwaysTrained always = AlwaysTrained.of(tied, HEAD_AND_EMBEDDINGS);

    assertThat(TrainableTensors.of(tied, Selection.of(SNRS, 50), always))
        .containsExactly(
            "model.embed_tokens.weight",
            "model.layers.1.self_attn.q_proj.weight",
            "model.layers.1.self_attn.q_proj.bias",
            "model.layers.0.mlp.up_proj.weight");
    assertThat(always.patterns()).isEqualTo(SelectionFile.PUBLISHED_HEAD);
    AlwaysTrained head = AlwaysTrained.of(tied, List.of("lm_head"));
    assertThat(head.patterns()).containsExactly("^lm_head.weight$");
    assertThat(TrainableTensors.of(tied, Selection.of(SNRS, 50), head))
        .contains("model.embed_tokens.weight");
  }

  @Test
  void untiedHeadHasATensorOfItsOwn() throws IOException {
    Checkpoint untied = Checkpoint.open(Fixture.LLAMA.copyTo(folder));
    Selection selection = Selection.of(SNRS, 50);

    assertThat(
            TrainableTensors.of(untied, selection, AlwaysTrained.of(untied, HEAD_AND_EMBEDDINGS)))
        .startsWith("lm_head.weight", "model.embed_tokens.weight")
        .hasSize(4);
    assertThat(TrainableTensors.of(untied, selection, AlwaysTrained.of(untied, List.of())))
        .containsExactly(
            "model.layers.1.self_attn.q_proj.weight", "model.layers.0.mlp.up_proj.weight");
  }

  @Test
  void alwaysTrainMeansTheEndsOfNamesInWholeParts() throws IOException {
    Checkpoint checkpoint = Checkpoint.open(Fixture.LLAMA.copyTo(folder));

    assertThat(AlwaysTrained.of(checkpoint, List.of("norm")).patterns())
        .containsExactly("^model.norm.weight$");
    assertThatThrownBy(() -> AlwaysTrained.of(checkpoint, List.of("tokens", "lm_head", "wte")))
        .isInstanceOfSatisfying(InputException.class, e -> assertThat(e.problems()).hasSize(2))
        .hasMessageContaining("'tokens'")
        .hasMessageContaining("'wte'");
  }

  @Test
  void aHeadThatIsMissingMayBeTied() throws IOException {
    Checkpoint untied =
        new HandMadeCheckpoint().tensor("model.embed_tokens.weight", 2, 2).writeTo(folder);

    assertThatThrownBy(() -> AlwaysTrained.of(untied, HEAD_AND_EMBEDDINGS))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "always_train names 'lm_head', and this model has no lm_head.weight; if its head is the"
                + " embeddings, set tie_word_embeddings to true in its config.json, else leave"
                + " lm_head out");
  }

  @Test
  void alwaysTrainedModulesDoNotMakeUpForAnEmptySelection() throws IOException {
    Checkpoint checkpoint = Checkpoint.open(Fixture.LLAMA.copyTo(folder));
    AlwaysTrained always = AlwaysTrained.of(checkpoint, HEAD_AND_EMBEDDINGS);

    assertThatThrownBy(() -> TrainableTensors.of(checkpoint, Selection.of(SNRS, 49.9), always))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("top_percent 49.9")
        .hasMessageContaining("50 or more");
  }

  @Test
  void selectionOfAnotherModelIsRefused() throws IOException {
    Checkpoint checkpoint = Checkpoint.open(Fixture.MISTRAL_WINDOW.copyTo(folder));
    Selection selection =
        Selection.of(List.of(new ModuleSnr("model.layers.3.mlp.up_proj", "mlp.up_proj", 1)), 100);

    assertThatThrownBy(
            () ->
                TrainableTensors.of(checkpoint, selection, AlwaysTrained.of(checkpoint, List.of())))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("model.layers.3.mlp.up_proj");
  }
}
