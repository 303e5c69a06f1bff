package dev.polyphase.phases.objective;

/**
 * The size of one forward pass.
 *
 * @param rows how many rows
 * @param tokens the tokens of each, padding counted
 */
public record BatchSize(int rows, int tokens) {

  /** The tokens of all rows, padding counted. */
  public long padded() {
    return (long) rows * tokens;
  }
}
