package dev.polyphase.phases.api;

/**
 * A phase whose {@code sequence_len} is more than what its model's positions were made for.
 *
 * @param madeFor the tokens of the longest row that they were made for
 * @param by the keys of the model's {@code config.json} that say so
 * @param longestRow the tokens of the longest of the phase's rows, trained on or held out, as it is
 *     computed
 */
public record BeyondPositions(long madeFor, String by, int longestRow) {
  /** Whether a row is that long. */
  public boolean isReached() {
    return longestRow > madeFor;
  }
}
