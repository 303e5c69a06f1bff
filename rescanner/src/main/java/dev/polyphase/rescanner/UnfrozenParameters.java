package dev.polyphase.rescanner;

import static java.util.Objects.requireNonNull;

import dev.polyphase.pipelines.ParameterMatch;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.RowRanges;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.PatternSyntaxException;

/**
 * {@code unfrozen_parameters}: patterns of parameters' names, each with or without a range of rows;
 * {@link ParameterPattern} says how they match.
 *
 * <p>As in Axolotl a tensor trains the union of the ranges of all patterns that match it; those
 * without a range add nothing to it, and a tensor that no range is given for trains whole.
 */
public final class UnfrozenParameters {
  /** Older Llama checkpoints carry these; they are no parameters. */
  private static final String ROTARY_BUFFER = ".inv_freq";

  /** Characters of a pattern in a message. */
  private static final int MOST_SHOWN = 500;

  private static final String CANT_BE_MATCHED = "is no regular expression that can be matched: ";

  private final List<ParameterPattern> patterns;

  private UnfrozenParameters(List<ParameterPattern> patterns) {
    this.patterns = patterns;
  }

  /**
   * A pattern and what it matches.
   *
   * @param pattern as it was given
   * @param tensors the tensors' names, at least one
   * @param parameters the elements that it unfreezes, those of its rows where it has a range
   */
  public record Match(String pattern, List<String> tensors, long parameters) {
    public Match {
      tensors = List.copyOf(tensors);
    }
  }

  /**
   * What the patterns match.
   *
   * @param patterns the matches in the order given
   * @param rows the rows to train of tensors of which not all are trained
   */
  public record Matches(List<Match> patterns, Map<String, RowRanges> rows) {
    public Matches {
      patterns = List.copyOf(patterns);
      rows = Collections.unmodifiableMap(new LinkedHashMap<>(rows));
    }

    /** The tensors that any pattern matches. */
    public Set<String> all() {
      Set<String> all = new LinkedHashSet<>();
      patterns.forEach(match -> all.addAll(match.tensors()));
      return all;
    }
  }

  /** Reads patterns that are matched as Axolotl does. */
  public static UnfrozenParameters of(List<String> patterns) {
    return of(patterns, ParameterMatch.AXOLOTL);
  }

  /**
   * Reads patterns.
   *
   * @throws InputException naming every pattern that can't be matched, or when there is none
   */
  public static UnfrozenParameters of(List<String> patterns, ParameterMatch match) {
    List<ParameterPattern> read = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    for (String pattern : new LinkedHashSet<>(patterns)) {
      try {
        read.add(ParameterPattern.of(pattern, match));
      } catch (PatternSyntaxException e) {
        problems.add(problem(pattern, CANT_BE_MATCHED + e.getDescription()));
      }
    }
    if (patterns.isEmpty()) {
      problems.add(new Problem(null, "unfrozen_parameters is empty; give at least one pattern"));
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return new UnfrozenParameters(read);
  }

  /**
   * The checkpoint's tensors that each pattern matches. On a model whose head is tied to the
   * embeddings, {@code lm_head.weight} is a name of the embeddings' tensor.
   *
   * @throws InputException naming every pattern that matches nothing, and every range of rows that
   *     a tensor which it is for does not have
   */
  public Matches match(Checkpoint checkpoint) throws IOException {
    Map<String, TensorInfo> tensorOfName = tensorsByName(checkpoint);
    List<Match> matches = new ArrayList<>();
    Map<String, List<RowRanges.Range>> ranges = new LinkedHashMap<>();
    List<Problem> problems = new ArrayList<>();
    for (ParameterPattern pattern : patterns) {
      Set<TensorInfo> tensors = new LinkedHashSet<>();
      try {
        tensorOfName.forEach(
            (name, tensor) -> {
              if (pattern.matches(name)) {
                tensors.add(tensor);
              }
            });
      } catch (PatternSyntaxException e) {
        problems.add(problem(pattern.text(), CANT_BE_MATCHED + e.getDescription()));
        continue;
      }
      if (tensors.isEmpty()) {
        problems.add(problem(pattern.text(), noMatch(pattern, tensorOfName)));
      }
      long parameters = 0;
      for (TensorInfo tensor : tensors) {
        Optional<RowRanges.Range> rows = rowsOf(pattern, tensor, problems);
        rows.ifPresent(
            range -> ranges.computeIfAbsent(tensor.name(), t -> new ArrayList<>()).add(range));
        parameters +=
            rows.map(range -> range.rows() * (tensor.elements() / rowCount(tensor)))
                .orElse(tensor.elements());
      }
      matches.add(
          new Match(pattern.text(), tensors.stream().map(TensorInfo::name).toList(), parameters));
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    Map<String, RowRanges> rows = new LinkedHashMap<>();
    ranges.forEach(
        (tensor, ofTensor) -> {
          RowRanges merged = new RowRanges(ofTensor);
          if (merged.rows() < rowCount(checkpoint.find(tensor).orElseThrow())) {
            rows.put(tensor, merged);
          }
        });
    return new Matches(matches, rows);
  }

  private static Map<String, TensorInfo> tensorsByName(Checkpoint checkpoint) throws IOException {
    Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    for (TensorInfo tensor : checkpoint.tensors()) {
      if (!tensor.name().endsWith(ROTARY_BUFFER)) {
        tensors.put(tensor.name(), tensor);
      }
    }
    TiedHead.sharedTensor(checkpoint).ifPresent(tensor -> tensors.put(TiedHead.WEIGHT, tensor));
    return tensors;
  }

  /** The pattern's rows of a tensor; none where it has no range, or a wrong one. */
  private static Optional<RowRanges.Range> rowsOf(
      ParameterPattern pattern, TensorInfo tensor, List<Problem> problems) {
    if (pattern.rows() == null) {
      return Optional.empty();
    }
    long rows = rowCount(tensor);
    long start = requireNonNull(pattern.rows()).start();
    long end = requireNonNull(pattern.rows()).end().orElse(rows);
    if (end > rows || start >= end) {
      problems.add(
          problem(
              pattern.text(),
              "means rows %d to %d of %s, which has %d; give [start:end] with 0 <= start < end <= %4$d"
                  .formatted(start, end, tensor.name(), rows)));
      return Optional.empty();
    }
    return Optional.of(new RowRanges.Range(start, end));
  }

  private static long rowCount(TensorInfo tensor) {
    return tensor.shape().isEmpty() ? 0 : tensor.shape().get(0);
  }

  private static String noMatch(ParameterPattern pattern, Map<String, TensorInfo> tensors) {
    return "matches none of the model's "
        + tensors.size()
        + " parameters; "
        + pattern.howItMatches()
        + ", and names are such as "
        + tensors.keySet().stream().findFirst().orElse("(none)");
  }

  private static Problem problem(String pattern, String sentence) {
    String shown =
        pattern.length() <= MOST_SHOWN ? pattern : pattern.substring(0, MOST_SHOWN) + "...";
    return new Problem(null, "unfrozen_parameters: '" + shown + "' " + sentence);
  }
}
