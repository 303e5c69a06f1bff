package dev.polyphase.dpo;

import dev.polyphase.data.Pair;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.List;
import java.util.stream.Stream;

/**
 * Pairs of one forward pass. The arrays are not copied.
 *
 * @param tokens the rows: first the preferred completions of all pairs, then the others, each after
 *     its prompt; the targets are the completions' tokens
 * @param pairs how many pairs; row {@code i} and row {@code pairs + i} are one
 * @param targetRows the row of each target
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record PairBatch(TokenBatch tokens, int pairs, int[] targetRows) {

  /** Batches pairs, at least one, in their order. */
  public static PairBatch of(List<Pair> pairs) {
    TokenBatch tokens =
        TokenBatch.of(
            Stream.concat(
                    pairs.stream().map(Pair::chosenRow), pairs.stream().map(Pair::rejectedRow))
                .toList());
    return new PairBatch(tokens, pairs.size(), tokens.targetRows());
  }
}
