package dev.polyphase.prepared;

import dev.polyphase.pipelines.problems.Place;
import java.util.BitSet;
import java.util.List;

/**
 * Rows at their full length, numbered from 0.
 *
 * @param <T> what a row is
 */
public interface RowSource<T> {

  /** How many rows there are. */
  int size();

  /** A row. */
  T row(int row);

  /** Where a row was read. */
  Place place(int row);

  /** The datasets, as metrics call them. */
  List<String> names();

  /** Which of {@link #names()} a row belongs to. */
  int datasetOf(int row);

  /** Tells a row's content from others; equal rows have equal ones. */
  long hashOf(int row);

  /** Whether a token spans the end of a row's prompt, which was cut there. */
  boolean seamIn(int row);

  /** The tokens that carry loss in any row, or more. */
  BitSet learned();
}
