package dev.polyphase.phases.batches;

import dev.polyphase.data.Example;
import dev.polyphase.data.JsonRow;
import java.util.Arrays;
import java.util.List;

/**
 * Rows of one forward pass: one below the other, padded on the right to the longest; or packed,
 * side by side in one row without any padding. The arrays are not copied.
 *
 * <p>Padding has the id 0 and no target; under causal attention no token before it sees it. Rows
 * that are packed do not see each other, and the first token of none is a target.
 *
 * @param ids [batch * seq], row by row
 * @param batch how many rows; 1 where they are packed
 * @param seq the tokens of each, padding counted
 * @param tokens the tokens, padding not counted
 * @param targetPositions the flat indices {@code b * seq + t} of the positions whose next token
 *     carries loss, ascending
 * @param targets that next token's label, one for each target position
 * @param lengths the tokens of each row, padding not counted; where rows are packed, of each
 *     sequence of them, side by side
 * @param documents the lengths of what lies side by side in every row, in sum {@code seq}; one
 *     where nothing is packed
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record TokenBatch(
    int[] ids,
    int batch,
    int seq,
    long tokens,
    int[] targetPositions,
    int[] targets,
    int[] lengths,
    int[] documents) {

  /** Rows that are as long as each other and not packed. */
  public TokenBatch(
      int[] ids, int batch, int seq, long tokens, int[] targetPositions, int[] targets) {
    this(ids, batch, seq, tokens, targetPositions, targets, filled(batch, seq), new int[] {seq});
  }

  private static int[] filled(int count, int value) {
    int[] values = new int[count];
    Arrays.fill(values, value);
    return values;
  }

  /** Batches rows, at least one, in their order: one below the other. */
  public static TokenBatch of(List<Example> rows) {
    int seq = rows.stream().mapToInt(Example::tokens).max().orElseThrow();
    int[] starts = new int[rows.size()];
    Arrays.setAll(starts, b -> Math.multiplyExact(b, seq));
    Filling filling = new Filling(rows, starts, Math.multiplyExact(rows.size(), seq));
    return new TokenBatch(
        filling.ids,
        rows.size(),
        seq,
        filling.tokens,
        filling.targetPositions,
        filling.targets,
        rows.stream().mapToInt(Example::tokens).toArray(),
        new int[] {seq});
  }

  /** Batches the rows of one sequence, at least one, in their order: side by side. */
  public static TokenBatch packed(List<Example> rows) {
    return packed(rows, new int[] {rows.stream().mapToInt(Example::tokens).sum()});
  }

  /**
   * Batches the rows of sequences, at least one, in their order: side by side.
   *
   * @param sequences the tokens of each sequence
   */
  public static TokenBatch packed(List<Example> rows, int[] sequences) {
    int[] starts = new int[rows.size()];
    int[] documents = new int[rows.size()];
    int end = 0;
    for (int i = 0; i < rows.size(); i++) {
      starts[i] = end;
      documents[i] = rows.get(i).tokens();
      end = Math.addExact(end, documents[i]);
    }
    Filling filling = new Filling(rows, starts, end);
    return new TokenBatch(
        filling.ids,
        1,
        end,
        filling.tokens,
        filling.targetPositions,
        filling.targets,
        sequences,
        documents);
  }

  /** How many tokens carry loss. */
  public int lossTokens() {
    return targets.length;
  }

  /** The row of each target, for sums by row of what is not packed. */
  public int[] targetRows() {
    return Arrays.stream(targetPositions).map(position -> position / seq).toArray();
  }

  /** The arrays of a batch, with each row put where it starts. */
  private static final class Filling {
    private final int[] ids;
    private final int[] targetPositions;
    private final int[] targets;
    private long tokens;

    Filling(List<Example> rows, int[] starts, int length) {
      int lossTokens = rows.stream().mapToInt(Example::lossTokens).sum();
      ids = new int[length];
      targetPositions = new int[lossTokens];
      targets = new int[lossTokens];
      int target = 0;
      for (int b = 0; b < starts.length; b++) {
        Example row = rows.get(b);
        System.arraycopy(row.ids(), 0, ids, starts[b], row.tokens());
        tokens += row.tokens();
        for (int t = 0; t + 1 < row.tokens(); t++) {
          int next = row.labels()[t + 1];
          if (next != JsonRow.NO_LOSS) {
            targetPositions[target] = starts[b] + t;
            targets[target] = next;
            target++;
          }
        }
      }
    }
  }
}
