package dev.polyphase.reports;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How many of its modules a phase trained at a time that moved to others on its way, those aside
 * that it always trained.
 *
 * @param fewest from one rescan to the next
 * @param most likewise
 */
record AtATime(int fewest, int most) {

  static AtATime of(PhaseReport phase) {
    Set<String> trained = first(phase);
    int fewest = trained.size();
    int most = fewest;
    for (RescanReport rescan : phase.rescans()) {
      rescan.left().forEach(trained::remove);
      trained.addAll(rescan.entered());
      fewest = Math.min(fewest, trained.size());
      most = Math.max(most, trained.size());
    }
    return new AtATime(fewest, most);
  }

  /** What was trained at any time, without what only entered. */
  private static Set<String> first(PhaseReport phase) {
    Set<String> first =
        phase.modules().stream()
            .filter(ModuleReport::selected)
            .map(ModuleReport::module)
            .collect(Collectors.toCollection(HashSet::new));
    Set<String> left = new HashSet<>();
    for (RescanReport rescan : phase.rescans()) {
      rescan.entered().stream().filter(module -> !left.contains(module)).forEach(first::remove);
      left.addAll(rescan.left());
    }
    return first;
  }

  /** {@code 28 at a time}. */
  String text() {
    String modules = Wording.full(fewest);
    return (fewest == most ? modules : modules + " to " + Wording.full(most)) + " at a time";
  }
}
