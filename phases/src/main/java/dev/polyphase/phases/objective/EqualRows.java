package dev.polyphase.phases.objective;

import java.util.Arrays;
import java.util.List;

/**
 * Finds rows that are equal as they are trained on: by 64 bits of each, and where these agree by
 * all of their tokens. A table of open addresses holds the first of each, in a place that follows
 * from its hash.
 */
public final class EqualRows {
  private static final int FREE = -1;

  private final ReadRows rows;
  private final long[] hashes;
  private final int[] firsts;
  private final int[] table;

  /** Looks at all rows. */
  public EqualRows(ReadRows rows) {
    this.rows = rows;
    this.hashes = new long[rows.count()];
    Arrays.setAll(hashes, rows::hashOf);
    this.firsts = new int[hashes.length];
    // At most half full, so that what is searched for is near.
    this.table = new int[(int) Math.min(1L << 30, Long.highestOneBit(hashes.length + 1L) << 2)];
    Arrays.fill(table, FREE);
    for (int row = 0; row < firsts.length; row++) {
      int place = place(hashes[row], rows, row);
      if (table[place] == FREE) {
        table[place] = row;
      }
      firsts[row] = table[place];
    }
  }

  /** For each row the first that is equal to it: itself where no row before it is. */
  public int[] firsts() {
    return firsts.clone();
  }

  /** How many rows are equal to one before them. */
  public long duplicates() {
    long count = 0;
    for (int row = 0; row < firsts.length; row++) {
      count += firsts[row] == row ? 0 : 1;
    }
    return count;
  }

  /** Whether one of these rows is equal to a row of others. */
  public boolean contains(ReadRows others, int row) {
    return table[place(others.hashOf(row), others, row)] != FREE;
  }

  /** Where the first row is that is equal to a row, or where it would be. */
  private int place(long hash, ReadRows others, int row) {
    int mask = table.length - 1;
    int place = (int) hash & mask;
    while (table[place] != FREE
        && !(hashes[table[place]] == hash
            && equal(rows.contentOf(table[place]), others.contentOf(row)))) {
      place = (place + 1) & mask;
    }
    return place;
  }

  private static boolean equal(List<int[]> one, List<int[]> other) {
    if (one.size() != other.size()) {
      return false;
    }
    for (int i = 0; i < one.size(); i++) {
      if (!Arrays.equals(one.get(i), other.get(i))) {
        return false;
      }
    }
    return true;
  }
}
