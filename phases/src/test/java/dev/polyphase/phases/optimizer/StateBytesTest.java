package dev.polyphase.phases.optimizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.Optimizer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each optimiser says of its states, worked out by hand. */
class StateBytesTest {

  @ParameterizedTest
  @CsvSource({
    // A matrix of 100 x 200, an embedding of 1,000 x 64, a norm of 64.
    "ADAMW, 160000, 512000, 512",
    "ADAMW_BF16, 80000, 256000, 256",
    // 79 blocks and 250, of twice 256 + 4 bytes; the norm is small.
    "ADAMW_8BIT, 41080, 130000, 512",
    "ADAFACTOR, 1200, 4256, 256",
    "LION, 80000, 256000, 256",
    "MUON, 80000, 512000, 512"
  })
  void ofMatrixEmbeddingAndNorm(Optimizer.Name name, long matrix, long embedding, long norm) {
    assertThat(bytes(name, "model.layers.0.mlp.up_proj.weight", 100L, 200L)).isEqualTo(matrix);
    assertThat(bytes(name, "model.embed_tokens.weight", 1000L, 64L)).isEqualTo(embedding);
    assertThat(bytes(name, "model.norm.weight", 64L)).isEqualTo(norm);
  }

  /** A block's adapter is one of its matrices; the head's is not. */
  @Test
  void ofMuonFollowFromThePlace() {
    assertThat(bytes(Optimizer.Name.MUON, "model.layers.0.mlp.up_proj.lora_A.weight", 16L, 64L))
        .isEqualTo(16 * 64 * 4);
    assertThat(bytes(Optimizer.Name.MUON, "lm_head.lora_A.weight", 16L, 64L))
        .isEqualTo(16 * 64 * 8);
  }

  private static long bytes(Optimizer.Name name, String parameter, Long... shape) {
    return UpdateRules.stateBytes(name, new Parameter(parameter, List.of(shape)));
  }
}
