package dev.polyphase.pipelines.problems;

import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Collects what is wrong with one text, so that all of it is reported at once. The same problem
 * found twice is kept once.
 */
public final class Problems {
  private static final Comparator<Problem> BY_PLACE =
      Comparator.comparingInt(Problems::line).thenComparingInt(Problems::column);

  private final Set<Problem> problems = new LinkedHashSet<>();

  /** Adds a problem at a place. */
  public void add(Place place, String sentence) {
    problems.add(new Problem(place, sentence));
  }

  /** Adds the problems of an exception. */
  public void addAll(InputException exception) {
    problems.addAll(exception.problems());
  }

  /**
   * Ends the collection.
   *
   * @throws InputException with every problem, in the order of their lines; those without a line
   *     last; nothing is thrown where there is none
   */
  public void throwIfAny() {
    if (!problems.isEmpty()) {
      throw new InputException(problems.stream().sorted(BY_PLACE).toList());
    }
  }

  private static int line(Problem problem) {
    Place place = problem.place();
    return place == null || place.line() == 0 ? Integer.MAX_VALUE : place.line();
  }

  private static int column(Problem problem) {
    Place place = problem.place();
    return place == null ? 0 : place.column();
  }
}
