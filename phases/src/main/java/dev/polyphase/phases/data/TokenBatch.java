package dev.polyphase.phases.data;

import java.util.Arrays;
import java.util.List;

/**
 * Rows of one forward pass, padded on the right to the longest. The arrays are not copied.
 *
 * <p>Padding has the id 0 and no target; under causal attention no token before it sees it.
 *
 * @param ids [batch * seq], row by row
 * @param batch how many rows
 * @param seq the tokens of each, padding counted
 * @param tokens the tokens, padding not counted
 * @param targetPositions the flat indices {@code b * seq + t} of the positions whose next token
 *     carries loss, ascending
 * @param targets that next token's label, one for each target position
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record TokenBatch(
    int[] ids, int batch, int seq, long tokens, int[] targetPositions, int[] targets) {

  /** Batches rows, at least one, in their order. */
  public static TokenBatch of(List<Example> rows) {
    int batch = rows.size();
    int seq = rows.stream().mapToInt(Example::tokens).max().orElseThrow();
    int lossTokens = rows.stream().mapToInt(Example::lossTokens).sum();

    int[] ids = new int[Math.multiplyExact(batch, seq)];
    int[] targetPositions = new int[lossTokens];
    int[] targets = new int[lossTokens];
    long tokens = 0;
    int target = 0;
    for (int b = 0; b < batch; b++) {
      Example row = rows.get(b);
      System.arraycopy(row.ids(), 0, ids, b * seq, row.tokens());
      tokens += row.tokens();
      for (int t = 0; t + 1 < row.tokens(); t++) {
        int next = row.labels()[t + 1];
        if (next != JsonRow.NO_LOSS) {
          targetPositions[target] = b * seq + t;
          targets[target] = next;
          target++;
        }
      }
    }
    return new TokenBatch(ids, batch, seq, tokens, targetPositions, targets);
  }

  /** How many tokens carry loss. */
  public int lossTokens() {
    return targets.length;
  }

  /** The row of each target, for sums by row. */
  public int[] targetRows() {
    return Arrays.stream(targetPositions).map(position -> position / seq).toArray();
  }
}
