package dev.polyphase.rescanner;

import static java.util.Objects.requireNonNull;

import dev.polyphase.pipelines.ParameterMatch;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.RowRanges;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * {@code unfrozen_parameters}: patterns of parameters' names, each with or without a range of rows;
 * {@link ParameterPattern} says how they match.
 *
 * <p>As in Axolotl a tensor trains the union of the ranges of all patterns that match it; those
 * without a range add nothing to it, and a tensor that no range is given for trains whole. Where a
 * pattern names experts of a fused tensor by their own names, those without a range mean all.
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
   * The text model's tensors that each pattern matches. On a model whose head is tied to the
   * embeddings, {@code lm_head.weight} is a name of the embeddings' tensor. Of a tensor that holds
   * several experts each expert's part is a tensor of its own, {@code NAME[3]}: {@code NAME} means
   * all of them, and rows of it are experts.
   *
   * @throws InputException naming every pattern that matches nothing, and every range of rows that
   *     a tensor which it is for does not have
   */
  public Matches match(Checkpoint checkpoint) throws IOException {
    TextNames names = TextNames.of(checkpoint);
    Map<String, TensorInfo> tensorOfName = tensorsByName(checkpoint, names);
    NavigableMap<String, Named> sorted = sorted(tensorOfName);
    List<Named> inOrder = sorted.values().stream().sorted(Named.ORDER).toList();
    Map<String, List<TensorInfo>> experts = new HashMap<>();
    for (TensorInfo tensor : tensorOfName.values()) {
      List<TensorInfo> parts = checkpoint.partsOf(tensor);
      if (!parts.equals(List.of(tensor))) {
        experts.put(tensor.name(), parts);
      }
    }
    List<Hits> hits = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    for (ParameterPattern pattern : patterns) {
      Map<String, Hit> found = new LinkedHashMap<>();
      try {
        for (Named named : pattern.start().map(start -> from(start, sorted)).orElse(inOrder)) {
          TensorInfo tensor = named.tensor;
          // A tied head is the same tensor.
          if (found.containsKey(tensor.name())) {
            continue;
          }
          if (pattern.matches(named.name)) {
            List<RowRanges.Range> rows = rowsOf(pattern, tensor, problems).stream().toList();
            found.put(tensor.name(), new Hit(tensor, rows, false));
            continue;
          }
          List<RowRanges.Range> some =
              matching(pattern, experts.getOrDefault(tensor.name(), List.of()));
          if (!some.isEmpty()) {
            found.put(tensor.name(), new Hit(tensor, some, true));
          }
        }
      } catch (PatternSyntaxException e) {
        problems.add(problem(pattern.text(), CANT_BE_MATCHED + e.getDescription()));
        continue;
      }
      if (found.isEmpty()) {
        problems.add(problem(pattern.text(), noMatch(pattern, tensorOfName, names)));
      }
      hits.add(new Hits(pattern, List.copyOf(found.values())));
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    Map<String, RowRanges> rows = union(hits);
    List<Match> matches = hits.stream().map(hit -> hit.match(experts, rows)).toList();
    // Rows of fused experts are experts, which are tensors of their own: these train whole.
    rows.keySet().removeAll(experts.keySet());
    return new Matches(matches, rows);
  }

  /**
   * The rows to train of tensors of which not all are trained. Axolotl's rule, that a pattern
   * without a range adds nothing, is one about ranges: beside the name of an expert, which it does
   * not know, such a pattern means all experts.
   */
  private static Map<String, RowRanges> union(List<Hits> hits) {
    Map<String, List<Hit>> ofTensor = new LinkedHashMap<>();
    for (Hits ofPattern : hits) {
      for (Hit hit : ofPattern.hits) {
        ofTensor.computeIfAbsent(hit.tensor.name(), name -> new ArrayList<>()).add(hit);
      }
    }
    Map<String, RowRanges> rows = new LinkedHashMap<>();
    ofTensor.forEach(
        (name, some) -> {
          boolean whole = some.stream().anyMatch(hit -> hit.rows.isEmpty());
          if (whole && some.stream().anyMatch(Hit::byExpert)) {
            return;
          }
          List<RowRanges.Range> ranges = some.stream().flatMap(hit -> hit.rows.stream()).toList();
          if (!ranges.isEmpty()) {
            RowRanges merged = new RowRanges(ranges);
            if (merged.rows() < rowCount(some.get(0).tensor)) {
              rows.put(name, merged);
            }
          }
        });
    return rows;
  }

  /** A tensor under one of its names, and the place of that among all. */
  private record Named(String name, TensorInfo tensor, int place) {
    static final Comparator<Named> ORDER = Comparator.comparingInt(Named::place);
  }

  /** The names sorted: of a large mixture too many to try every pattern of a selection on each. */
  private static NavigableMap<String, Named> sorted(Map<String, TensorInfo> tensorOfName) {
    NavigableMap<String, Named> sorted = new TreeMap<>();
    tensorOfName.forEach(
        (name, tensor) -> sorted.put(name, new Named(name, tensor, sorted.size())));
    return sorted;
  }

  /** The names that begin so, in their places. */
  private static List<Named> from(String start, NavigableMap<String, Named> sorted) {
    return sorted.tailMap(start, true).values().stream()
        .takeWhile(named -> named.name.startsWith(start))
        .sorted(Named.ORDER)
        .toList();
  }

  /**
   * A tensor that a pattern hits.
   *
   * @param tensor as it is stored
   * @param rows those that are meant; all where there are none
   * @param byExpert whether the pattern matches names of experts in it, not its own
   */
  private record Hit(TensorInfo tensor, List<RowRanges.Range> rows, boolean byExpert) {}

  /** What one pattern hits. */
  private record Hits(ParameterPattern pattern, List<Hit> hits) {

    /**
     * The tensors that are trained of these.
     *
     * @param experts the parts of fused tensors
     * @param trained the rows to train, by tensor, of those of which not all are
     */
    Match match(Map<String, List<TensorInfo>> experts, Map<String, RowRanges> trained) {
      List<String> names = new ArrayList<>();
      long parameters = 0;
      for (Hit hit : hits) {
        TensorInfo tensor = hit.tensor;
        List<TensorInfo> parts = experts.getOrDefault(tensor.name(), List.of());
        if (parts.isEmpty()) {
          names.add(tensor.name());
          parameters +=
              hit.rows.isEmpty()
                  ? tensor.elements()
                  : new RowRanges(hit.rows).rows() * (tensor.elements() / rowCount(tensor));
        }
        @Nullable RowRanges some = trained.get(tensor.name());
        for (int expert = 0; expert < parts.size(); expert++) {
          if (isAmong(expert, hit.rows) && (some == null || isAmong(expert, some.ranges()))) {
            names.add(parts.get(expert).name());
            parameters += parts.get(expert).elements();
          }
        }
      }
      return new Match(pattern.text(), names, parameters);
    }

    private static boolean isAmong(long row, List<RowRanges.Range> ranges) {
      return ranges.isEmpty()
          || ranges.stream().anyMatch(range -> range.start() <= row && row < range.end());
    }
  }

  /** The experts whose own names a pattern matches, as rows. */
  private static List<RowRanges.Range> matching(
      ParameterPattern pattern, List<TensorInfo> experts) {
    List<RowRanges.Range> matching = new ArrayList<>();
    for (int expert = 0; pattern.rows() == null && expert < experts.size(); expert++) {
      if (pattern.matches(experts.get(expert).name())) {
        matching.add(new RowRanges.Range(expert, expert + 1));
      }
    }
    return matching;
  }

  private static Map<String, TensorInfo> tensorsByName(Checkpoint checkpoint, TextNames names)
      throws IOException {
    Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    for (TensorInfo tensor : checkpoint.tensors()) {
      if (names.covers(tensor.name()) && !tensor.name().endsWith(ROTARY_BUFFER)) {
        tensors.put(tensor.name(), tensor);
      }
    }
    TiedHead.of(checkpoint).ifPresent(head -> tensors.put(head.names().head(), head.shared()));
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

  private static String noMatch(
      ParameterPattern pattern, Map<String, TensorInfo> tensors, TextNames names) {
    return "matches none of the "
        + (names.wrapped() ? "text model's " : "model's ")
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
