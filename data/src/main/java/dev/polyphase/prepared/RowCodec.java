package dev.polyphase.prepared;

import java.util.BitSet;

/** How rows of one kind are kept as numbers. */
interface RowCodec<T> {

  /** What tells files of this kind from those of others, and of earlier versions. */
  String name();

  /** The row's numbers, as they are written. */
  int[] numbers(T row);

  /**
   * The index's entry of a row, which begins at 0.
   *
   * @param line where it was read
   */
  RowEntry entry(T row, int line);

  /** How many numbers the row of an entry has. */
  int size(RowEntry entry);

  /** The row that was written as these numbers. */
  T row(int[] numbers, RowEntry entry);

  /** How many tokens it has, of all its parts. */
  long tokens(T row);

  /**
   * Marks the tokens that carry loss in a row; of a pair, those of the preferred completion, and of
   * a judged completion those of one that is wanted.
   */
  void markLearned(T row, BitSet learned);
}
