package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.HandMadeTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The layouts in which transformers has saved text models and those that see too. */
class TextNamesTest {
  private static final String TEXT_CONFIG = "{\"text_config\": {}}";

  @TempDir Path folder;

  @Test
  void aModelOfTextAloneIsPlainAndAllOfItIsText() throws IOException {
    Checkpoint checkpoint =
        checkpoint("{}", "lm_head.weight", "model.embed_tokens.weight", "model.norm.weight");

    assertThat(TextNames.of(checkpoint)).isEqualTo(TextNames.PLAIN);
    assertThat(TextNames.PLAIN.embeddings()).isEqualTo("model.embed_tokens.weight");
    assertThat(TextNames.PLAIN.covers("model.layers.0.mlp.up_proj.weight")).isTrue();
    assertThat(TextNames.PLAIN.covers("score.weight")).isTrue();
  }

  @Test
  void theOlderLayoutOfWrappersHasTheHeadWithin() throws IOException {
    TextNames names =
        TextNames.of(
            checkpoint(
                TEXT_CONFIG,
                "language_model.lm_head.weight",
                "language_model.model.embed_tokens.weight",
                "language_model.model.layers.0.mlp.up_proj.weight",
                "multi_modal_projector.linear_1.weight",
                "vision_tower.transformer.layers.0.attention.q_proj.weight"));

    assertThat(names)
        .isEqualTo(new TextNames("language_model.model.", "language_model.lm_head.weight", true));
    assertThat(names.headModule()).isEqualTo("language_model.lm_head");
    assertThat(names.covers("language_model.lm_head.weight")).isTrue();
    assertThat(names.covers("language_model.model.layers.0.mlp.up_proj.weight")).isTrue();
    assertThat(names.covers("multi_modal_projector.linear_1.weight")).isFalse();
    assertThat(names.covers("vision_tower.transformer.layers.0.attention.q_proj.weight")).isFalse();
  }

  @Test
  void theNewerLayoutOfWrappersHasTheHeadOutside() throws IOException {
    TextNames names =
        TextNames.of(
            checkpoint(
                TEXT_CONFIG,
                "lm_head.weight",
                "model.language_model.embed_tokens.weight",
                "model.vision_tower.embeddings.weight"));

    assertThat(names).isEqualTo(new TextNames("model.language_model.", "lm_head.weight", true));
    assertThat(names.covers("model.language_model.norm.weight")).isTrue();
    assertThat(names.covers("model.vision_tower.embeddings.weight")).isFalse();
  }

  @Test
  void aTiedHeadWithoutATensorHasTheNameOfItsLayout() throws IOException {
    Checkpoint older = checkpoint(TEXT_CONFIG, "language_model.model.embed_tokens.weight");
    assertThat(TextNames.of(older).head()).isEqualTo("language_model.lm_head.weight");
    Checkpoint newer = checkpoint(TEXT_CONFIG, "model.language_model.embed_tokens.weight");
    assertThat(TextNames.of(newer).head()).isEqualTo("lm_head.weight");
  }

  @Test
  void plainNamesBesideOtherPartsAreAWrappersWhereItsConfigurationSaysSo() throws IOException {
    String[] tensors = {"model.embed_tokens.weight", "lm_head.weight", "visual.blocks.0.weight"};

    assertThat(TextNames.of(checkpoint(TEXT_CONFIG, tensors)).covers("visual.blocks.0.weight"))
        .isFalse();
    assertThat(TextNames.of(checkpoint("{}", tensors)).covers("visual.blocks.0.weight")).isTrue();
  }

  @Test
  void whatIsBesideTheTextBelowModelIsNotTheTextModels() throws IOException {
    TextNames names =
        TextNames.of(
            checkpoint(
                TEXT_CONFIG,
                "model.embed_tokens.weight",
                "model.layers.0.self_attn.q_proj.weight",
                "model.norm.weight",
                "model.vision_tower.layers.0.self_attn.q_proj.weight"));

    assertThat(names.covers("model.embed_tokens.weight")).isTrue();
    assertThat(names.covers("model.layers.0.self_attn.q_proj.weight")).isTrue();
    assertThat(names.covers("model.norm.weight")).isTrue();
    assertThat(names.covers("lm_head.weight")).isTrue();
    assertThat(names.covers("model.vision_tower.layers.0.self_attn.q_proj.weight")).isFalse();
    assertThat(names.covers("model.multi_modal_projector.norm.weight")).isFalse();
  }

  @Test
  void modulesTellTheLayoutWhereThereIsNoCheckpoint() {
    String newer = "model.language_model.layers.0.mlp.up_proj";
    String older = "language_model.model.layers.0.mlp.up_proj";

    assertThat(TextNames.ofModules(List.of("lm_head", "model.layers.0.mlp.up_proj")))
        .isEqualTo(TextNames.PLAIN);
    assertThat(TextNames.ofModules(List.of(newer)).embeddings())
        .isEqualTo("model.language_model.embed_tokens.weight");
    assertThat(TextNames.ofModules(List.of(newer)).head()).isEqualTo("lm_head.weight");
    assertThat(TextNames.ofModules(List.of(older)).embeddings())
        .isEqualTo("language_model.model.embed_tokens.weight");
    assertThat(TextNames.ofModules(List.of(older)).head())
        .isEqualTo("language_model.lm_head.weight");
    assertThat(TextNames.ofModules(List.of(older, "lm_head")).head()).isEqualTo("lm_head.weight");
  }

  private Checkpoint checkpoint(String config, String... names) throws IOException {
    HandMadeTensors tensors = new HandMadeTensors();
    for (String name : names) {
      tensors.float32(name, List.of(1L, 1L), 1);
    }
    Checkpoint checkpoint = tensors.writeTo(folder);
    Files.writeString(folder.resolve("config.json"), config);
    return checkpoint;
  }
}
