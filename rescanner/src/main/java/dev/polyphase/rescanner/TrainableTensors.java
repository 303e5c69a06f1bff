package dev.polyphase.rescanner;

import dev.polyphase.pipelines.SelectionRule.Budget;
import dev.polyphase.pipelines.SelectionRule.Ranking;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The tensors that a selection trains. */
public final class TrainableTensors {
  private TrainableTensors() {}

  /**
   * The weight and, where it has one, the bias of each selected module and of those that are always
   * trained. A tied head is the embeddings' tensor.
   *
   * @return names of the checkpoint's tensors, in the selection's order
   * @throws InputException when the selection picks no module, whatever is always trained, or one
   *     that the checkpoint does not have
   */
  public static Set<String> of(
      Checkpoint checkpoint, Selection selection, AlwaysTrained alwaysTrained) throws IOException {
    requirePick(selection);
    List<ModuleName> trained = new ArrayList<>(alwaysTrained.modules());
    selection.modules().forEach(module -> trained.add(new ModuleName(module)));
    return of(checkpoint, trained);
  }

  /**
   * The weight and, where it has one, the bias of each of some modules.
   *
   * @throws InputException naming each that the checkpoint does not have
   */
  public static Set<String> of(Checkpoint checkpoint, List<ModuleName> trained) throws IOException {
    CheckpointModules modules = CheckpointModules.of(checkpoint);
    Set<String> tensors = new LinkedHashSet<>();
    List<Problem> problems = new ArrayList<>();
    for (ModuleName module : trained) {
      Set<String> own = modules.tensorsOf(module);
      tensors.addAll(own);
      if (own.isEmpty()) {
        problems.add(
            new Problem(
                null,
                "the selection names '"
                    + module.text()
                    + "', which "
                    + checkpoint.folder()
                    + " does not have; select on a scan of this model"));
      }
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return tensors;
  }

  private static void requirePick(Selection selection) {
    if (!selection.modules().isEmpty()) {
      return;
    }
    if (selection.rule().budget() instanceof Budget.Percent share
        && selection.rule().ranking() == Ranking.PER_TYPE
        && share.of() == Budget.Of.MODULES) {
      Map<String, Integer> modulesPerType = new LinkedHashMap<>();
      selection.types().forEach(type -> modulesPerType.put(type.type(), type.ranked().size()));
      Selection.requirePick(modulesPerType, share.percent());
    }
    throw new InputException("the selection holds no module; select more, or other modules");
  }
}
