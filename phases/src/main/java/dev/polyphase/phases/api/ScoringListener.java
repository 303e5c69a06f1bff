package dev.polyphase.phases.api;

/** Hears of the rows that are scored, on the scoring thread. */
@FunctionalInterface
public interface ScoringListener {

  /**
   * A row is about to be scored, which may take minutes.
   *
   * @param row its place in the file, from 1
   * @param rows how many there are
   * @param tokens its tokens
   */
  default void scoring(int row, int rows, int tokens) {}

  /** A row was scored. */
  void scored(ScoredRow row);
}
