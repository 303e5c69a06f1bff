package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.pipelines.Vocabulary;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** More tokens for the text model of one that sees too, in the layout that such models came in. */
class ExtendedBaseTest {
  private static final String EMBEDDINGS = "language_model.model.embed_tokens.weight";
  private static final String HEAD = "language_model.lm_head.weight";
  private static final String SIGHT = "vision_tower.embed_tokens.weight";

  @TempDir Path folder;
  private Path base = Path.of("");

  @BeforeEach
  void wrap() throws IOException {
    base = Fixture.LLAMA.copyTo(folder);
    HandMadeTensors tensors = new HandMadeTensors();
    for (TensorInfo tensor : Checkpoint.open(base).tensors()) {
      tensors.float32(
          "language_model." + tensor.name(), tensor.shape(), TensorValues.floats(tensor));
    }
    tensors.float32(SIGHT, List.of(2L, 2L), 1, 2, 3, 4);
    Path config = base.resolve("config.json");
    String text = Files.readString(config).strip();
    tensors.writeTo(base);
    Files.writeString(
        config,
        "{\n  \"vision_config\": {\"vocab_size\": 7},\n  \"text_config\": " + text + "\n}\n");
  }

  @Test
  void theRowsAndTheirNumberAreTheTextModels() throws IOException {
    ExtendedBase extended = ExtendedBase.of(base, wanted());
    extended.write(folder.resolve("made"));

    Checkpoint old = Checkpoint.open(base);
    Checkpoint made = Checkpoint.open(folder.resolve("made"));
    for (TensorInfo tensor : old.tensors()) {
      TensorInfo now = made.find(tensor.name()).orElseThrow();
      boolean grows = tensor.name().equals(EMBEDDINGS) || tensor.name().equals(HEAD);
      assertThat(now.shape()).isEqualTo(grows ? tensor.shapeOf(288) : tensor.shape());
      if (!grows) {
        assertThat(TensorValues.bytes(now)).isEqualTo(TensorValues.bytes(tensor));
      }
    }
    String before = Files.readString(base.resolve("config.json"));
    String after = Files.readString(folder.resolve("made/config.json"));
    JsonNode config = new ObjectMapper().readTree(after);
    int size = new ObjectMapper().readTree(before).at("/text_config/vocab_size").intValue();
    assertThat(config.at("/text_config/vocab_size").intValue()).isEqualTo(288);
    assertThat(after).isEqualTo(before.replace("\"vocab_size\": " + size, "\"vocab_size\": 288"));
    assertThat(ExtendedBase.of(folder.resolve("made"), wanted()).changesNothing()).isTrue();
  }

  private static Vocabulary wanted() {
    return PipelineReader.parse(
            """
            name: more
            base_model: model
            tokens: [<tool>]
            pad_embeddings_to_multiple_of: 32
            phases:
              - {name: one, type: sft, targeting: {method: full}, learning_rate: 1e-3,
                 datasets: [{path: a.jsonl}]}
            """,
            "p.yaml",
            List.of())
        .vocabulary();
  }
}
