package dev.polyphase.phases.objective;

/**
 * The size of one forward pass.
 *
 * @param rows how many rows
 * @param tokens the tokens of each, padding counted
 * @param longestDocument the tokens of the longest that attends to itself alone: of a row, or where
 *     rows are packed, of the longest in it
 */
public record BatchSize(int rows, int tokens, int longestDocument) {

  /** Rows that are not packed. */
  public BatchSize(int rows, int tokens) {
    this(rows, tokens, tokens);
  }

  /** The tokens of all rows, padding counted. */
  public long padded() {
    return (long) rows * tokens;
  }
}
