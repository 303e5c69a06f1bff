package dev.polyphase.phases.objective;

/** The rows of a phase's datasets, to be optimised over all together or in parts. */
public interface ReadRows {

  /** How many rows of files they are; what a row was split into belongs together. */
  int count();

  /**
   * The objective on some of them.
   *
   * @param chosen their numbers, ascending
   */
  Objective objective(int[] chosen);
}
