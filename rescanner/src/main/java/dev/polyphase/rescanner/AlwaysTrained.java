package dev.polyphase.rescanner;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.HeadTie;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

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
   * means the embeddings.
   *
   * @throws InputException naming every entry that means no module
   */
  public static AlwaysTrained of(Checkpoint checkpoint, List<String> entries) throws IOException {
    CheckpointModules modules = CheckpointModules.of(checkpoint);
    Set<ModuleName> found = new LinkedHashSet<>();
    List<Problem> problems = new ArrayList<>();
    for (String entry : headFirst(entries)) {
      List<ModuleName> meant =
          modules.names().stream().filter(module -> endsIn(module.text(), entry)).toList();
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
            + TiedHead.WEIGHT
            + "; if its head is the embeddings, set "
            + HeadTie.KEY
            + " to true in its config.json, else leave "
            + entry
            + " out"
        : "', and this model has no module of that name;"
            + " leave it out, or give the end of a module's name, as embed_tokens";
  }

  /** The modules as {@code unfrozen_parameters}: {@code ^lm_head.weight$}. */
  public List<String> patterns() {
    return modules.stream().map(module -> "^" + module.text() + ".weight$").toList();
  }

  private static List<String> headFirst(List<String> entries) {
    return entries.stream()
        .distinct()
        .sorted(Comparator.comparing((String entry) -> !entry.equals(TiedHead.MODULE)))
        .toList();
  }

  private static boolean endsIn(String module, String entry) {
    return module.equals(entry) || module.endsWith("." + entry);
  }
}
