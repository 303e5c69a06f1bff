package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.data.Pair;
import java.util.List;
import org.junit.jupiter.api.Test;

class PairBatchTest {

  @Test
  void putsTheChosenRowsBeforeTheRejected() {
    PairBatch batch =
        PairBatch.of(
            List.of(
                new Pair(new int[] {1, 2}, new int[] {3}, new int[] {4, 5}),
                new Pair(new int[] {6}, new int[] {7, 8}, new int[] {9})));

    assertThat(batch.pairs()).isEqualTo(2);
    assertThat(batch.tokens().batch()).isEqualTo(4);
    assertThat(batch.tokens().seq()).isEqualTo(4);
    assertThat(batch.tokens().ids())
        .containsExactly(1, 2, 3, 0, 6, 7, 8, 0, 1, 2, 4, 5, 6, 9, 0, 0);
    assertThat(batch.tokens().targets()).containsExactly(3, 7, 8, 4, 5, 9);
    assertThat(batch.tokens().targetPositions()).containsExactly(1, 4, 5, 9, 10, 12);
    assertThat(batch.targetRows()).containsExactly(0, 1, 1, 2, 2, 3);
    // The prompts count in both rows of their pair.
    assertThat(batch.tokens().tokens()).isEqualTo(7 + 5);
  }
}
