package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a configuration and the weights beside it say of the head. */
class HeadTieTest {
  private static final List<Long> SHAPE = List.of(2L, 2L);
  private static final float[] EMBEDDINGS = {1, -2, 0.5f, 0};

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'tie_word_embeddings': true} | TIED",
        "{'tie_word_embeddings': false} | UNTIED",
        "{'tie_word_embeddings': null} | UNTIED",
        "{} | UNTIED",
        "{'text_config': {'tie_word_embeddings': true}} | TIED",
        "{'tie_word_embeddings': false, 'text_config': {'tie_word_embeddings': true}} | TIED",
        "{'text_config': null} | UNTIED",
        "{'model_type': 'gemma2'} | TIED",
        "{'model_type': 'gemma2', 'tie_word_embeddings': false} | UNTIED",
        "{'model_type': 'gemma3', 'text_config': {'model_type': 'gemma3_text'}} | TIED",
        "{'model_type': 'llama'} | UNTIED",
      })
  void withoutAHeadTheConfigurationDecides(String config, HeadTie expected) throws IOException {
    assertThat(HeadTie.of(withHead(config))).isEqualTo(expected);
  }

  @Test
  void aHeadOfTheSameValuesIsTied() throws IOException {
    Checkpoint checkpoint = withHead("{'tie_word_embeddings': true}", EMBEDDINGS);

    assertThat(HeadTie.of(checkpoint)).isEqualTo(HeadTie.TIED);
    assertThat(HeadTie.contradiction(checkpoint)).isEmpty();
  }

  @Test
  void aHeadOfOtherValuesIsUntied() throws IOException {
    Checkpoint checkpoint = withHead("{'tie_word_embeddings': true}", 1, -2, 0.5f, 1e-30f);

    assertThat(HeadTie.of(checkpoint)).isEqualTo(HeadTie.CONTRADICTED);
    assertThat(HeadTie.contradiction(checkpoint).orElseThrow())
        .hasToString(
            folder
                + "/config.json: tie_word_embeddings is true, but the weights hold lm_head.weight,"
                + " which differs from the embeddings; it is taken for a head of its own, as"
                + " transformers 5 does, and a model that is trained from this one says false");
  }

  @Test
  void aHeadOfOtherValuesContradictsNoDefault() throws IOException {
    Checkpoint checkpoint = withHead("{'model_type': 'gemma2'}", 1, -2, 0.5f, 1e-30f);

    assertThat(HeadTie.of(checkpoint)).isEqualTo(HeadTie.UNTIED);
    assertThat(HeadTie.contradiction(checkpoint)).isEmpty();
  }

  @Test
  void theHeadOfALargerModelIsComparedWithItsTextModelsEmbeddings() throws IOException {
    config("{'text_config': {'tie_word_embeddings': true}}");
    HandMadeTensors tensors =
        new HandMadeTensors()
            .float32("audio_tower.embed_tokens.weight", SHAPE, 1, 1, 1, 1)
            .float32("language_model.model.embed_tokens.weight", SHAPE, EMBEDDINGS)
            .float32("language_model.lm_head.weight", SHAPE, EMBEDDINGS);

    Checkpoint checkpoint = tensors.writeTo(folder);

    assertThat(HeadTie.of(checkpoint)).isEqualTo(HeadTie.TIED);
    assertThat(HeadTie.embeddings(checkpoint).orElseThrow().name())
        .isEqualTo("language_model.model.embed_tokens.weight");
  }

  @Test
  void aHeadOfAnotherShapeIsUntied() throws IOException {
    config("{'tie_word_embeddings': true}");
    Checkpoint checkpoint =
        new HandMadeTensors()
            .float32("model.embed_tokens.weight", SHAPE, EMBEDDINGS)
            .float32("lm_head.weight", List.of(1L, 4L), EMBEDDINGS)
            .writeTo(folder);

    assertThat(HeadTie.of(checkpoint)).isEqualTo(HeadTie.CONTRADICTED);
  }

  @Test
  void anUntiedHeadIsUntiedWhateverItsValues() throws IOException {
    assertThat(HeadTie.of(withHead("{'tie_word_embeddings': false}", EMBEDDINGS)))
        .isEqualTo(HeadTie.UNTIED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{'tie_word_embeddings': 1}", "{'text_config': {'tie_word_embeddings': 'yes'}}"})
  void whatIsNoFlagIsNamed(String config) throws IOException {
    Checkpoint checkpoint = withHead(config);

    assertThatThrownBy(() -> HeadTie.of(checkpoint))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("config.json: ")
        .hasMessageContaining("tie_word_embeddings must be true or false, found ");
  }

  /** Embeddings, and a head if it has values. */
  private Checkpoint withHead(String config, float... head) throws IOException {
    config(config);
    HandMadeTensors tensors =
        new HandMadeTensors().float32("model.embed_tokens.weight", SHAPE, EMBEDDINGS);
    if (head.length > 0) {
      tensors.float32("lm_head.weight", SHAPE, head);
    }
    return tensors.writeTo(folder);
  }

  private void config(String json) throws IOException {
    Files.writeString(folder.resolve("config.json"), json.replace('\'', '"'));
  }
}
