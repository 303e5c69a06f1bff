package dev.polyphase.rescanner;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
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
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * {@code unfrozen_parameters} as Axolotl matches them: a pattern is a Python regular expression in
 * which a dot stands for itself unless a {@code +} follows; it is matched from the start of a
 * parameter's name and need not reach its end. So {@code model.layers.1.mlp} matches that layer's
 * projections and none of layer 11, and {@code .*} matches dots alone.
 *
 * <p>A pattern that ends in {@code [a:b]}, {@code [a:]}, {@code [:b]}, {@code [a]} or {@code []}
 * means rows of a tensor there; those are not supported yet and refused.
 */
public final class UnfrozenParameters {
  private static final Pattern ROW_RANGE =
      Pattern.compile("^.+\\[[0-9]*(?::[0-9]*)?\\]$", Pattern.UNIX_LINES);
  private static final Pattern LITERAL_DOT = Pattern.compile("\\.(?!\\+)");

  /** Older Llama checkpoints carry these; they are no parameters. */
  private static final String ROTARY_BUFFER = ".inv_freq";

  private final Map<String, Pattern> patterns;

  private UnfrozenParameters(Map<String, Pattern> patterns) {
    this.patterns = patterns;
  }

  /**
   * Which tensors each pattern matches.
   *
   * @param tensors the tensors' names by pattern, each at least one, in the order given
   */
  public record Matches(Map<String, List<String>> tensors) {
    public Matches {
      tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /** The tensors that any pattern matches. */
    public Set<String> all() {
      Set<String> all = new LinkedHashSet<>();
      tensors.values().forEach(all::addAll);
      return all;
    }
  }

  /**
   * Reads patterns.
   *
   * @throws InputException naming every pattern that is no regular expression or means rows, or
   *     when there is none
   */
  public static UnfrozenParameters of(List<String> patterns) {
    Map<String, Pattern> compiled = new LinkedHashMap<>();
    List<Problem> problems = new ArrayList<>();
    for (String pattern : patterns) {
      if (ROW_RANGE.matcher(pattern).matches()) {
        problems.add(
            problem(
                pattern,
                "ends in a range of rows, which is not supported yet; drop the brackets, or write a"
                    + " set of one digit as [5-5]"));
        continue;
      }
      try {
        compiled.put(pattern, compile(pattern));
      } catch (PatternSyntaxException e) {
        problems.add(
            problem(
                pattern, "is no regular expression that can be matched: " + e.getDescription()));
      }
    }
    if (patterns.isEmpty()) {
      problems.add(new Problem(null, "unfrozen_parameters is empty; give at least one pattern"));
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return new UnfrozenParameters(compiled);
  }

  /**
   * The checkpoint's tensors that each pattern matches. On a model whose head is tied to the
   * embeddings, {@code lm_head.weight} is a name of the embeddings' tensor.
   *
   * @throws InputException naming every pattern that matches nothing
   */
  public Matches match(Checkpoint checkpoint) throws IOException {
    Map<String, String> tensorOfName = new LinkedHashMap<>();
    for (TensorInfo tensor : checkpoint.tensors()) {
      if (!tensor.name().endsWith(ROTARY_BUFFER)) {
        tensorOfName.put(tensor.name(), tensor.name());
      }
    }
    Optional<TensorInfo> shared = TiedHead.sharedTensor(checkpoint);
    shared.ifPresent(tensor -> tensorOfName.put(TiedHead.WEIGHT, tensor.name()));

    Map<String, List<String>> matches = new LinkedHashMap<>();
    List<Problem> problems = new ArrayList<>();
    patterns.forEach(
        (pattern, regex) -> {
          List<String> tensors =
              tensorOfName.entrySet().stream()
                  .filter(name -> regex.matcher(name.getKey()).lookingAt())
                  .map(Map.Entry::getValue)
                  .distinct()
                  .toList();
          matches.put(pattern, tensors);
          if (tensors.isEmpty()) {
            problems.add(
                problem(
                    pattern,
                    "matches none of the model's "
                        + tensorOfName.size()
                        + " parameters; it is matched from the start of names such as "
                        + tensorOfName.keySet().stream().findFirst().orElse("(none)")
                        + ", and a dot stands for itself unless a + follows"));
          }
        });
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return new Matches(matches);
  }

  private static Pattern compile(String pattern) {
    return PythonRegex.compile(LITERAL_DOT.matcher(pattern).replaceAll("\\\\."));
  }

  private static Problem problem(String pattern, String sentence) {
    return new Problem(null, "unfrozen_parameters: '" + pattern + "' " + sentence);
  }
}
