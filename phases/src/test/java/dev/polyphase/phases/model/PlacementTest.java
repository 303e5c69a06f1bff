package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlacementTest {
  /** Blocks 0 and 1, then none, then 2 and 3. */
  private static final Placement THREE = placement(List.of("cuda:0", "cuda:1", "cuda:2"), 0, 2, 2);

  @TempDir Path folder;

  @Test
  void blocksAreInRuns() {
    assertThat(List.of(0, 1, 2, 3).stream().map(THREE::ofBlock)).containsExactly(0, 0, 2, 2);
    assertThat(List.of(0, 40).stream().map(placement(List.of("cpu"), 0)::ofBlock))
        .containsExactly(0, 0);
    Placement embeddingAlone = placement(List.of("cpu", "cpu"), 0, 0);
    assertThat(List.of(0, 1).stream().map(embeddingAlone::ofBlock)).containsExactly(1, 1);
  }

  @Test
  void parametersAreWithTheirBlockOrEnd() throws IOException {
    ModelLayout untied = layout(Fixture.LLAMA);
    assertThat(THREE.of("model.embed_tokens.weight", untied)).isEqualTo(0);
    assertThat(THREE.of("model.layers.1.mlp.up_proj.weight", untied)).isEqualTo(0);
    assertThat(THREE.of("model.layers.2.mlp.up_proj.lora_A.weight", untied)).isEqualTo(2);
    assertThat(THREE.of("model.layers.10.input_layernorm.weight", untied)).isEqualTo(2);
    assertThat(THREE.of("model.norm.weight", untied)).isEqualTo(2);
    assertThat(THREE.of("lm_head.weight", untied)).isEqualTo(2);
    assertThat(THREE.of("lm_head.lora_B.weight", untied)).isEqualTo(2);
  }

  @Test
  void aTiedHeadIsTheEmbedding() throws IOException {
    ModelLayout tied = layout(Fixture.QWEN2);
    assertThat(THREE.of("model.embed_tokens.weight", tied)).isEqualTo(0);
    assertThat(THREE.of("model.norm.weight", tied)).isEqualTo(0);
    assertThat(THREE.ofHead(tied)).isEqualTo(0);
  }

  private static Placement placement(List<String> devices, Integer... firstBlocks) {
    return new Placement(devices, List.of(firstBlocks), Precision.FLOAT32, Activations.KEPT, false);
  }

  private ModelLayout layout(Fixture fixture) throws IOException {
    return new ModelLayout(ConfigReader.read(Checkpoint.open(fixture.copyTo(folder))));
  }
}
