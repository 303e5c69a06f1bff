package dev.polyphase.phases.objective;

/**
 * The size of one forward pass.
 *
 * @param rows how many rows
 * @param tokens the tokens of each, padding counted
 * @param longestDocument the tokens of the longest that attends to itself alone, its prefix
 *     counted: of a row, or where rows are packed, of the longest in it
 * @param prefixTokens the tokens of prefixes, each as often as a document follows it
 * @param prefixedPairs of each document that follows a prefix its own tokens times all that its
 *     last one sees, added up
 */
public record BatchSize(
    int rows, int tokens, int longestDocument, long prefixTokens, long prefixedPairs) {

  /** Rows in which nothing follows a prefix. */
  public BatchSize(int rows, int tokens, int longestDocument) {
    this(rows, tokens, longestDocument, 0, 0);
  }

  /** Rows that are not packed. */
  public BatchSize(int rows, int tokens) {
    this(rows, tokens, tokens);
  }

  /** The tokens of all rows, padding counted. */
  public long padded() {
    return (long) rows * tokens;
  }
}
