package dev.polyphase.phases.batches;

import java.util.Arrays;

/**
 * Which of a phase's rows are held out, drawn by the seed before rows are shuffled or packed. The
 * same number of rows is split the same way by the same seed: a later phase on the same data holds
 * out the same rows.
 *
 * @param training the rows to train on, ascending, at least one
 * @param heldOut the others, ascending, at least one
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record ValidationSplit(int[] training, int[] heldOut) {
  /** Keeps the draw from the shuffles of the same seed. */
  private static final long STREAM = 0x76616C5F736574L;

  /**
   * Splits rows.
   *
   * @param rows how many rows there are
   * @param size how many of them to hold out, at least 1 and fewer than {@code rows}
   */
  public static ValidationSplit of(int rows, int size, long seed) {
    if (size < 1 || size >= rows) {
      throw new IllegalArgumentException("can't hold out " + size + " of " + rows + " rows");
    }
    int[] drawn = new RowOrder(true, seed ^ STREAM).of(0, rows);
    int[] heldOut = Arrays.copyOf(drawn, size);
    int[] training = Arrays.copyOfRange(drawn, size, rows);
    Arrays.sort(heldOut);
    Arrays.sort(training);
    return new ValidationSplit(training, heldOut);
  }
}
