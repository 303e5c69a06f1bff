package dev.polyphase.reports;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a phase trained of one type of module, beside the phase before.
 *
 * @param type the type; all experts' types of one projection are one here
 * @param stayed trained by both
 * @param entered trained by this phase alone
 * @param left trained by the phase before alone
 */
record SelectionChange(
    String type, List<ModuleReport> stayed, List<ModuleReport> entered, List<ModuleReport> left) {

  /** The changes of each type that either phase trained, in the order of the later phase. */
  static List<SelectionChange> between(PhaseReport before, PhaseReport after) {
    Set<String> then = before.trained();
    Set<String> now = after.trained();
    Map<String, ModuleReport> modules =
        Stream.concat(after.shown().stream(), before.shown().stream())
            .collect(
                Collectors.toMap(
                    ModuleReport::module,
                    Function.identity(),
                    (first, second) -> first,
                    LinkedHashMap::new));

    Map<String, SelectionChange> changes = new LinkedHashMap<>();
    for (ModuleReport module : modules.values()) {
      boolean was = then.contains(module.module());
      boolean is = now.contains(module.module());
      if (was || is) {
        SelectionChange change =
            changes.computeIfAbsent(Strip.key(module), strip -> none(Strip.type(module)));
        (was && is ? change.stayed : is ? change.entered : change.left).add(module);
      }
    }
    return List.copyOf(changes.values());
  }

  private static SelectionChange none(String type) {
    return new SelectionChange(type, new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
  }
}
