package dev.polyphase.pipelines.problems;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The input is wrong: command line, YAML, data or model. Nothing was written; the exit code is 2.
 */
public class InputException extends RuntimeException {
  /** Nobody reads more. */
  private static final int MOST = 25;

  private final transient List<Problem> problems;

  /**
   * The problems found, in the order of their places; of very many the first, and how many more.
   */
  public InputException(List<Problem> problems) {
    super(bounded(problems).stream().map(Problem::toString).collect(Collectors.joining("\n")));
    this.problems = bounded(problems);
  }

  private static List<Problem> bounded(List<Problem> all) {
    if (all.size() <= MOST) {
      return List.copyOf(all);
    }
    List<Problem> first = new ArrayList<>(all.subList(0, MOST - 1));
    String more =
        "%,d more problems are not listed; mend these first".formatted(all.size() - MOST + 1);
    first.add(new Problem(null, more));
    return List.copyOf(first);
  }

  /** One problem at a place. */
  public InputException(Place place, String sentence) {
    this(List.of(new Problem(place, sentence)));
  }

  /** One problem without a place. */
  public InputException(String sentence) {
    this(List.of(new Problem(null, sentence)));
  }

  /** The problems, at least one and not very many. */
  public List<Problem> problems() {
    return problems;
  }
}
