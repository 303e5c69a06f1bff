package dev.polyphase.phases.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.phases.batches.TokenBatch;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class RandomTokensTest {
  @Test
  void eachTokensTargetIsTheNextOfItsRow() {
    TokenBatch batch =
        RandomTokens.of(KnownShapes.named("tiny", OptionalInt.empty(), 4, 2).orElseThrow());
    int[] ids = batch.ids();

    assertThat(ids).hasSize(8);
    assertThat(batch.targetPositions()).containsExactly(0, 1, 2, 4, 5, 6);
    assertThat(batch.targets()).containsExactly(ids[1], ids[2], ids[3], ids[5], ids[6], ids[7]);
  }
}
