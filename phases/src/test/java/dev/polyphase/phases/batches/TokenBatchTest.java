package dev.polyphase.phases.batches;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.data.Example;
import java.util.List;
import org.junit.jupiter.api.Test;

class TokenBatchTest {

  @Test
  void padsOnTheRightAndShiftsLabelsByOne() {
    TokenBatch batch =
        TokenBatch.of(
            List.of(
                new Example(new int[] {5, 6, 7}, new int[] {5, -100, 7}),
                new Example(new int[] {1, 2, 3, 4}, new int[] {-100, 2, -100, 4}),
                new Example(new int[] {8}, new int[] {8})));

    assertThat(batch.batch()).isEqualTo(3);
    assertThat(batch.seq()).isEqualTo(4);
    assertThat(batch.tokens()).isEqualTo(8);
    assertThat(batch.ids()).containsExactly(5, 6, 7, 0, 1, 2, 3, 4, 8, 0, 0, 0);
    // The 7 of row 0 is predicted at its position 1; 2 and 4 of row 1 at its positions 0 and 2.
    assertThat(batch.targetPositions()).containsExactly(1, 4, 6);
    assertThat(batch.targets()).containsExactly(7, 2, 4);
    assertThat(batch.targetRows()).containsExactly(0, 1, 1);
    assertThat(batch.lossTokens()).isEqualTo(3);
    assertThat(batch.documents()).containsExactly(4);
  }

  @Test
  void packsSideBySideWithoutATargetAcross() {
    TokenBatch batch =
        TokenBatch.packed(
            List.of(
                new Example(new int[] {5, 6, 7}, new int[] {5, -100, 7}),
                new Example(new int[] {8}, new int[] {8}),
                new Example(new int[] {1, 2, 3, 4}, new int[] {1, 2, -100, 4}),
                new Example(new int[] {9, 10}, new int[] {9, -100})));

    assertThat(batch.batch()).isEqualTo(1);
    assertThat(batch.seq()).isEqualTo(10);
    assertThat(batch.tokens()).isEqualTo(10);
    assertThat(batch.ids()).containsExactly(5, 6, 7, 8, 1, 2, 3, 4, 9, 10);
    // Not the 8 at position 2, the 1 at 3 or the 9 at 7: these would reach across.
    assertThat(batch.targetPositions()).containsExactly(1, 4, 6);
    assertThat(batch.targets()).containsExactly(7, 2, 4);
    assertThat(batch.documents()).containsExactly(3, 1, 4, 2);
  }
}
