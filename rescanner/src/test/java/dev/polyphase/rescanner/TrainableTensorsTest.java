package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TextNames;
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
    assertThat(always.patterns(tied)).isEqualTo(SelectionFile.head(TextNames.PLAIN));
    AlwaysTrained head = AlwaysTrained.of(tied, List.of("lm_head"));
    assertThat(head.patterns(tied)).containsExactly("^lm_head.weight$");
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

    assertThat(AlwaysTrained.of(checkpoint, List.of("norm")).patterns(checkpoint))
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

  @Test
  void oneExpertOfAFusedTensorTrainsItsPartsOfWeightAndBias() throws IOException {
    String up = "model.layers.0.mlp.experts.gate_up_proj";
    Checkpoint checkpoint =
        new HandMadeCheckpoint()
            .tensor(up, 3, 2, 2)
            .tensor(up + "_bias", 3, 2)
            .tensor("model.layers.0.mlp.experts.down_proj.weight", 3, 2, 2)
            .tensor("model.layers.0.mlp.experts.down_proj.bias", 3, 2)
            .tensor("model.layers.0.mlp.router.weight", 3, 2)
            .writeTo(folder);
    String down = "model.layers.0.mlp.experts.down_proj.weight[2]";
    Selection selection =
        Selection.of(
            List.of(
                new ModuleSnr(up + "[1]", "experts.gate_up_proj", 1),
                new ModuleSnr(down, "experts.down_proj", 1)),
            100);
    AlwaysTrained always =
        AlwaysTrained.of(checkpoint, List.of("router", "gate_up_proj[0]", "experts.down_proj"));

    assertThat(TrainableTensors.of(checkpoint, selection, AlwaysTrained.of(checkpoint, List.of())))
        .containsExactly(
            up + "[1]", up + "_bias[1]", down, "model.layers.0.mlp.experts.down_proj.bias[2]");
    assertThat(always.modules())
        .extracting(ModuleName::text)
        .containsExactly(
            "model.layers.0.mlp.router",
            up + "[0]",
            "model.layers.0.mlp.experts.down_proj.weight[0]",
            "model.layers.0.mlp.experts.down_proj.weight[1]",
            down);
    assertThat(always.patterns(checkpoint))
        .startsWith("^model.layers.0.mlp.router.weight$", "^" + up + "$[0]");
    assertThat(
            UnfrozenParameters.of(List.of(always.patterns(checkpoint).get(1)))
                .match(checkpoint)
                .all())
        .containsExactly(up + "[0]");
    assertThat(UnfrozenParameters.of(always.patterns(checkpoint)).match(checkpoint).all())
        .containsExactlyInAnyOrderElementsOf(TrainableTensors.of(checkpoint, always.modules()))
        .contains(up + "_bias[0]", "model.layers.0.mlp.experts.down_proj.bias[1]")
        .hasSize(9);
  }

  /** As of a mixture of a hundred experts and fifty layers. */
  @Test
  void tensorsOfTensOfThousandsOfModulesAreFound() throws IOException {
    HandMadeCheckpoint tensors = new HandMadeCheckpoint();
    for (int module = 0; module < 20_000; module++) {
      tensors.tensor("m.%d.experts.%d.up.weight".formatted(module % 50, module / 50), 1, 1);
    }
    Checkpoint checkpoint = tensors.writeTo(folder);

    AlwaysTrained always = AlwaysTrained.of(checkpoint, List.of("experts.*.up"));
    assertThat(always.modules()).hasSize(20_000).isSorted();
    assertThat(TrainableTensors.of(checkpoint, always.modules())).hasSize(20_000);
  }

  @Test
  void theHeadOfAWrapperIsFoundByTheNameThatItHasThere() throws IOException {
    Checkpoint tied =
        new HandMadeCheckpoint()
            .config("{\"text_config\": {\"tie_word_embeddings\": true}}")
            .tensor("language_model.model.embed_tokens.weight", 2, 2)
            .tensor("vision_tower.embed_tokens.weight", 2, 2)
            .writeTo(folder);

    AlwaysTrained always = AlwaysTrained.of(tied, HEAD_AND_EMBEDDINGS);

    assertThat(always.patterns(tied))
        .containsExactly(
            "^language_model.lm_head.weight$", "^language_model.model.embed_tokens.weight$");
    assertThat(TrainableTensors.of(tied, always.modules()))
        .containsExactly("language_model.model.embed_tokens.weight");
  }
}
