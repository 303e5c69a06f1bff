package dev.polyphase.prepared;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Parts of rows: of each piece the row that it is of, ascending, and where it begins and ends in
 * it.
 */
final class Pieces {
  private final int[] rows;
  private final int[] froms;
  private final int[] tos;

  /** Rows that are there in part. */
  private final BitSet cut;

  private Pieces(int[] rows, int[] froms, int[] tos, BitSet cut) {
    this.rows = rows;
    this.froms = froms;
    this.tos = tos;
    this.cut = cut;
  }

  /** Gathers them. */
  static final class Builder {
    private int[] rows = new int[1024];
    private int[] froms = new int[1024];
    private int[] tos = new int[1024];
    private int count;
    private final BitSet cut = new BitSet();

    void add(int row, int from, int to) {
      if (count == rows.length) {
        rows = Arrays.copyOf(rows, 2 * count);
        froms = Arrays.copyOf(froms, 2 * count);
        tos = Arrays.copyOf(tos, 2 * count);
      }
      rows[count] = row;
      froms[count] = from;
      tos[count] = to;
      count++;
    }

    /** Marks a row as one that is there in part. */
    void cut(int row) {
      cut.set(row);
    }

    int count() {
      return count;
    }

    int tokens(int piece) {
      return tos[piece] - froms[piece];
    }

    Pieces pieces() {
      return new Pieces(
          Arrays.copyOf(rows, count), Arrays.copyOf(froms, count), Arrays.copyOf(tos, count), cut);
    }
  }

  int count() {
    return rows.length;
  }

  int row(int piece) {
    return rows[piece];
  }

  int from(int piece) {
    return froms[piece];
  }

  int to(int piece) {
    return tos[piece];
  }

  int tokens(int piece) {
    return tos[piece] - froms[piece];
  }

  /** Whether the row of a piece is there in part. */
  boolean isPart(int piece) {
    return cut.get(rows[piece]);
  }

  /** Of each piece the number of its row among those of which there are any. */
  int[] sources() {
    int[] sources = new int[rows.length];
    int source = -1;
    for (int piece = 0; piece < rows.length; piece++) {
      source += piece == 0 || rows[piece - 1] != rows[piece] ? 1 : 0;
      sources[piece] = source;
    }
    return sources;
  }

  /** The pieces of some rows, by the numbers that {@link #sources()} gives them. */
  Pieces of(int[] sources) {
    BitSet taken = new BitSet();
    for (int source : sources) {
      taken.set(source);
    }
    int[] sourceOf = sources();
    Builder some = new Builder();
    for (int piece = 0; piece < rows.length; piece++) {
      if (taken.get(sourceOf[piece])) {
        some.add(rows[piece], froms[piece], tos[piece]);
      }
    }
    some.cut.or(cut);
    return some.pieces();
  }
}
