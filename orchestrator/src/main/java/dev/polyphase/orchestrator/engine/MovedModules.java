package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.DecisionFolder;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/**
 * How a selection differs from the one before it.
 *
 * @param entered the modules that are trained from now on, in the order of the new selection
 * @param left those that were trained, in the order of the old one
 * @param stayed how many are trained as before
 */
record MovedModules(List<String> entered, List<String> left, int stayed) {
  /** More are only counted. */
  private static final int NAMED = 3;

  /** Of two selections that are read back from their files. */
  static MovedModules between(DecisionFolder before, DecisionFolder after) throws IOException {
    return between(ChosenModules.selected(before), ChosenModules.selected(after));
  }

  /** Of the modules that two selections take, each in its order. */
  static MovedModules between(Set<String> then, Set<String> now) {
    List<String> entered = now.stream().filter(module -> !then.contains(module)).toList();
    List<String> left = then.stream().filter(module -> !now.contains(module)).toList();
    return new MovedModules(entered, left, now.size() - entered.size());
  }

  /** What a user is told of it. */
  String sentence(long step) {
    String head = "rescan after step " + Numbers.whole(step) + ": ";
    if (entered.isEmpty() && left.isEmpty()) {
      return head + "the same " + counted(stayed) + " as before";
    }
    return "%s%s entered%s, %s left%s, %s stay"
        .formatted(
            head,
            counted(entered.size()),
            named(entered),
            Numbers.whole(left.size()),
            named(left),
            Numbers.whole(stayed));
  }

  private static String counted(int modules) {
    return Numbers.whole(modules) + (modules == 1 ? " module" : " modules");
  }

  private static String named(List<String> modules) {
    return modules.isEmpty() || modules.size() > NAMED
        ? ""
        : " (" + String.join(", ", modules) + ")";
  }
}
