package dev.polyphase.phases.batches;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.Example;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
    assertThat(batch.targetDocuments()).containsExactly(0, 1, 1);
    assertThat(batch.lossTokens()).isEqualTo(3);
    assertThat(batch.documents()).containsExactly(alone(4));
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
    assertThat(batch.targetDocuments()).containsExactly(0, 2, 2);
    assertThat(batch.documents()).containsExactly(alone(3), alone(1), alone(4), alone(2));
  }

  @Test
  void whatFollowsAPrefixIsPredictedFromItsLastToken() {
    TokenBatch batch =
        TokenBatch.packedDocuments(
            List.of(
                Document.of(new Example(new int[] {9}, new int[] {9})),
                Document.of(Example.afterPrompt(new int[] {1, 2, 3}, new int[] {4, 5})),
                new Document(new Example(new int[] {6, 7}, new int[] {6, 7}), 1, 3),
                new Document(new Example(new int[] {8, 5}, new int[] {-100, 5}), 1, 3)),
            new int[] {1, 9});

    assertThat(batch.batch()).isEqualTo(1);
    assertThat(batch.seq()).isEqualTo(10);
    // The prompt once.
    assertThat(batch.tokens()).isEqualTo(10);
    assertThat(batch.ids()).containsExactly(9, 1, 2, 3, 4, 5, 6, 7, 8, 5);
    // 4 and 6 are predicted at the prompt's 3, which is at position 3.
    assertThat(batch.targetPositions()).containsExactly(3, 4, 3, 6, 8);
    assertThat(batch.targets()).containsExactly(4, 5, 6, 7, 5);
    assertThat(batch.targetDocuments()).containsExactly(1, 1, 2, 2, 3);
    assertThat(batch.lengths()).containsExactly(1, 9);
    assertThat(batch.documents())
        .containsExactly(
            alone(1), alone(5), new TokenBatch.Span(2, 1, 3), new TokenBatch.Span(2, 1, 3));
  }

  @Test
  void anEmptyPrefixIsNone() {
    TokenBatch batch =
        TokenBatch.packedDocuments(
            List.of(
                Document.of(new Example(new int[] {4, 5}, new int[] {4, 5})),
                new Document(new Example(new int[] {6, 7}, new int[] {6, 7}), 0, 0)),
            new int[] {4});

    // Nothing predicts 4 and 6.
    assertThat(batch.targetPositions()).containsExactly(0, 2);
    assertThat(batch.targets()).containsExactly(5, 7);
    assertThat(batch.documents()).containsExactly(alone(2), alone(2));
  }

  @Test
  void emptyDocumentsKeepTheirNumber() {
    Example nothing = new Example(new int[0], new int[0]);
    TokenBatch batch =
        TokenBatch.packedDocuments(
            List.of(
                Document.of(nothing),
                Document.of(Example.afterPrompt(new int[] {1, 2}, new int[] {3})),
                new Document(nothing, 1, 2),
                new Document(new Example(new int[] {4}, new int[] {4}), 1, 2)),
            new int[] {4});

    assertThat(batch.ids()).containsExactly(1, 2, 3, 4);
    assertThat(batch.targetPositions()).containsExactly(1, 1);
    assertThat(batch.targets()).containsExactly(3, 4);
    assertThat(batch.targetDocuments()).containsExactly(1, 3);
    // Of the second and the last, since the others do not lie there.
    assertThat(batch.documents()).containsExactly(alone(3), new TokenBatch.Span(1, 0, 2));
  }

  @ParameterizedTest
  @CsvSource({"2, 1", "3, 1", "0, 4", "1, 1"})
  void whatIsNoPrefixIsRefused(int prefixOf, int prefixTokens) {
    Example row = new Example(new int[] {1, 2, 3}, new int[] {1, 2, 3});
    List<Document> documents =
        List.of(
            Document.of(row),
            new Document(row, 0, 2),
            new Document(row, prefixOf, prefixTokens),
            Document.of(row));

    assertThatThrownBy(() -> TokenBatch.packedDocuments(documents, new int[] {12}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "document 2 follows %d tokens of document %d".formatted(prefixTokens, prefixOf));
  }

  private static TokenBatch.Span alone(int tokens) {
    return new TokenBatch.Span(tokens, -1, 0);
  }
}
