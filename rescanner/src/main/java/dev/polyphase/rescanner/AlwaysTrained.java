package dev.polyphase.rescanner;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.FusedExperts;
import dev.polyphase.weights.HeadTie;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * The modules that are trained whatever their rank, {@code always_train} of a pipeline.
 *
 * @param modules their names: {@code lm_head} first, as the published tool has it
 */
public record AlwaysTrained(List<ModuleName> modules) {

  public AlwaysTrained {
    modules = List.copyOf(modules);
  }

  /**
   * The modules that some entries mean: an entry is the end of a module's name, in whole parts, so
   * that {@code embed_tokens} means {@code model.embed_tokens}. On a tied model {@code lm_head}
   * means the embeddings. A {@code *} is any number, and the name of a tensor that holds several
   * experts means all of these.
   *
   * @throws InputException naming every entry that means no module
   */
  public static AlwaysTrained of(Checkpoint checkpoint, List<String> entries) throws IOException {
    CheckpointModules modules = CheckpointModules.of(checkpoint);
    Set<ModuleName> found = new LinkedHashSet<>();
    List<Problem> problems = new ArrayList<>();
    for (String entry : headFirst(entries)) {
      List<ModuleName> meant = modules.names().stream().filter(endingIn(entry)).toList();
      found.addAll(meant);
      if (meant.isEmpty()) {
        problems.add(new Problem(null, "always_train names '" + entry + noModule(entry)));
      }
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return new AlwaysTrained(List.copyOf(found));
  }

  private static String noModule(String entry) {
    return entry.equals(TiedHead.MODULE)
        ? "', and this model has no "
            + HeadTie.HEAD
            + "; if its head is the embeddings, set "
            + HeadTie.KEY
            + " to true in its config.json, else leave "
            + entry
            + " out"
        : "', and this model has no module of that name;"
            + " leave it out, or give the end of a module's name, as embed_tokens";
  }

  /**
   * The modules as {@code unfrozen_parameters} that match what they train: {@code
   * ^lm_head.weight$}, of one expert of a fused tensor {@code ^NAME$[3]}, and the same of each bias
   * that there is.
   *
   * @param checkpoint whose modules they are
   */
  public List<String> patterns(Checkpoint checkpoint) throws IOException {
    CheckpointModules all = CheckpointModules.of(checkpoint);
    Set<String> patterns = new LinkedHashSet<>();
    for (ModuleName module : modules) {
      // The head keeps its own name where it is tied to the embeddings.
      boolean fused = FusedExperts.partName(module.text()).isPresent();
      patterns.add(pattern(fused ? module.text() : module.text() + ".weight"));
      all.tensorsOf(module).stream().skip(1).map(AlwaysTrained::pattern).forEach(patterns::add);
    }
    return List.copyOf(patterns);
  }

  private static String pattern(String tensor) {
    return FusedExperts.partName(tensor)
        .map(part -> "^" + part.tensor() + "$[" + part.expert() + "]")
        .orElse("^" + tensor + "$");
  }

  private static List<String> headFirst(List<String> entries) {
    return entries.stream()
        .distinct()
        .sorted(Comparator.comparing((String entry) -> !entry.equals(TiedHead.MODULE)))
        .toList();
  }

  private static Predicate<ModuleName> endingIn(String entry) {
    String end = Pattern.quote(entry).replace("*", "\\E[0-9]+\\Q");
    Pattern ending = Pattern.compile("(?:.*\\.)?" + end, Pattern.DOTALL);
    return module ->
        ending.matcher(module.text()).matches()
            || FusedExperts.partName(module.text())
                .filter(part -> ending.matcher(part.stem()).matches())
                .isPresent();
  }
}
