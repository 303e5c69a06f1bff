package dev.polyphase.pipelines.problems;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The input is wrong: command line, YAML, data or model. Nothing was written; the exit code is 2.
 */
public final class InputException extends RuntimeException {
  private final transient List<Problem> problems;

  /** Every problem found, in the order of their places. */
  public InputException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** One problem at a place. */
  public InputException(Place place, String sentence) {
    this(List.of(new Problem(place, sentence)));
  }

  /** One problem without a place. */
  public InputException(String sentence) {
    this(List.of(new Problem(null, sentence)));
  }

  /** The problems, at least one. */
  public List<Problem> problems() {
    return problems;
  }
}
