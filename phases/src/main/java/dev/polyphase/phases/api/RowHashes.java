package dev.polyphase.phases.api;

/**
 * What tells the rows of a phase from others, to find those that other phases have too: 64 bits of
 * each row's tokens and labels as they are in the files, before anything is cut. The arrays are not
 * copied.
 *
 * @param trained of the rows that are trained on, each once, ascending
 * @param heldOut likewise of those held out
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every row.
public record RowHashes(long[] trained, long[] heldOut) {
  /** Of a phase whose rows nobody has looked at. */
  public static final RowHashes NONE = new RowHashes(new long[0], new long[0]);

  /** How many are in both of two arrays, each ascending and without repetition. */
  public static long inBoth(long[] some, long[] others) {
    long both = 0;
    int other = 0;
    for (long one : some) {
      while (other < others.length && others[other] < one) {
        other++;
      }
      if (other < others.length && others[other] == one) {
        both++;
      }
    }
    return both;
  }
}
