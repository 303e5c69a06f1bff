package dev.polyphase.data;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Gathers what is wrong with rows, so that the user hears of many at once; but not of a million.
 */
public final class RowProblems {
  /** Reading stops when this many problems were found. */
  public static final int LIMIT = 20;

  private final Set<Problem> problems = new LinkedHashSet<>();

  /**
   * Notes a problem; one that is known already counts once.
   *
   * @throws InputException with all problems so far when the limit is reached
   */
  public void add(InputException wrong) {
    problems.addAll(wrong.problems());
    if (problems.size() >= LIMIT) {
      List<Problem> reported = new ArrayList<>(problems);
      reported.add(
          new Problem(null, "reading stopped after " + LIMIT + " problems; there may be more"));
      throw new InputException(reported);
    }
  }

  /** Throws what was gathered, if anything. */
  public void throwIfAny() {
    if (!problems.isEmpty()) {
      throw new InputException(List.copyOf(problems));
    }
  }
}
