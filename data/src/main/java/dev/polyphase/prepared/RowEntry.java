package dev.polyphase.prepared;

/**
 * What the index of a prepared file says of a row. What the first five numbers are is the {@link
 * RowCodec}'s to say.
 *
 * @param start where the row's numbers begin among those of the file
 * @param a the first number
 * @param b the second
 * @param c the third
 * @param d the fourth
 * @param e the fifth
 * @param line the row's line in the file it was read from, or its number where that has no lines
 * @param hash tells its content from others
 * @param seam whether a token spans the end of its prompt, which was then cut there
 */
record RowEntry(long start, int a, int b, int c, int d, int e, int line, long hash, boolean seam) {
  /** Numbers of an entry as it is written. */
  static final int SIZE = 12;

  private static final int HASH = 8;
  private static final int FLAGS = 10;

  /** The entry of a row. */
  static RowEntry of(MappedInts index, int row) {
    long at = (long) row * SIZE;
    return new RowEntry(
        index.getLong(at),
        index.get(at + 2),
        index.get(at + 3),
        index.get(at + 4),
        index.get(at + 5),
        index.get(at + 6),
        index.get(at + 7),
        index.getLong(at + HASH),
        index.get(at + FLAGS) != 0);
  }

  /** Its numbers as they are written. */
  int[] numbers() {
    return new int[] {
      (int) start,
      (int) (start >>> Integer.SIZE),
      a,
      b,
      c,
      d,
      e,
      line,
      (int) hash,
      (int) (hash >>> Integer.SIZE),
      seam ? 1 : 0,
      0
    };
  }

  /** The hash alone, which many ask for. */
  static long hashOf(MappedInts index, int row) {
    return index.getLong((long) row * SIZE + HASH);
  }

  /** The same entry, whose row begins elsewhere. */
  RowEntry at(long other) {
    return new RowEntry(other, a, b, c, d, e, line, hash, seam);
  }
}
