package dev.polyphase.phases.batches;

import java.util.BitSet;
import java.util.stream.IntStream;

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
   * Splits rows of which none are equal.
   *
   * @param rows how many rows there are
   * @param size how many of them to hold out, at least 1 and fewer than {@code rows}
   */
  public static ValidationSplit of(int rows, int size, long seed) {
    return of(IntStream.range(0, rows).toArray(), size, seed);
  }

  /**
   * Splits rows so that equal ones are on the same side. They are drawn together with the first of
   * them that comes; where there are more of them than are still to be held out, they are passed
   * over.
   *
   * @param firstEqual for each row the first that is equal to it, itself where there is none
   * @param size how many of them to hold out, at least 1 and fewer than there are. It can be fewer
   *     where the numbers of equal rows do not add up to it, and more where no row is alone
   */
  public static ValidationSplit of(int[] firstEqual, int size, long seed) {
    int rows = firstEqual.length;
    if (size < 1 || size >= rows) {
      throw new IllegalArgumentException("can't hold out " + size + " of " + rows + " rows");
    }
    int[] equal = new int[rows];
    for (int first : firstEqual) {
      equal[first]++;
    }
    int fewest = IntStream.of(equal).filter(count -> count > 0).min().orElseThrow();
    if (fewest == rows) {
      throw new IllegalArgumentException("all " + rows + " rows are equal");
    }
    int left = Math.max(size, fewest);
    BitSet drawn = new BitSet();
    for (int row : new RowOrder(true, seed ^ STREAM).of(0, rows)) {
      int first = firstEqual[row];
      if (!drawn.get(first) && equal[first] <= left) {
        drawn.set(first);
        left -= equal[first];
      }
    }
    return new ValidationSplit(
        IntStream.range(0, rows).filter(row -> !drawn.get(firstEqual[row])).toArray(),
        IntStream.range(0, rows).filter(row -> drawn.get(firstEqual[row])).toArray());
  }
}
