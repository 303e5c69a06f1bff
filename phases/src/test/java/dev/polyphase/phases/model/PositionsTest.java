package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.phases.batches.TokenBatch;
import java.util.List;
import org.junit.jupiter.api.Test;

class PositionsTest {
  @Test
  void documentsBeginWhereTheOnesBeforeEnd() {
    List<TokenBatch.Span> documents =
        List.of(
            new TokenBatch.Span(5, -1, 0),
            new TokenBatch.Span(2, 0, 3),
            new TokenBatch.Span(4, -1, 0));

    assertThat(Positions.starts(documents, TokenBatch.Span::tokens)).containsExactly(0, 5, 7, 11);
    assertThat(Positions.starts(documents, TokenBatch.Span::seenTokens))
        .containsExactly(0, 5, 10, 14);
  }
}
