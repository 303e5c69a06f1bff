package dev.polyphase.reports;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How deep each module's colour is: by its rank among those of its type that had the same fate, 1
 * for the best, 0 for the worst. Only among these, so that both greens and reds span their whole
 * range, whatever the share that was trained.
 */
final class Depths {
  private final Map<String, Double> depths = new HashMap<>();

  private Depths() {}

  static Depths of(List<ModuleReport> modules) {
    record Group(String type, boolean selected) {}
    Map<Group, List<ModuleReport>> groups = new HashMap<>();
    for (ModuleReport module : modules) {
      if (module.rank() != null) {
        Group group = new Group(module.type(), module.selected());
        groups.computeIfAbsent(group, any -> new ArrayList<>()).add(module);
      }
    }
    Depths depths = new Depths();
    groups.values().forEach(depths::spread);
    return depths;
  }

  private void spread(List<ModuleReport> group) {
    group.sort(
        Comparator.comparing(ModuleReport::rank, Comparator.nullsLast(Comparator.naturalOrder())));
    int last = group.size() - 1;
    for (int i = 0; i <= last; i++) {
      depths.put(group.get(i).module(), last == 0 ? 1.0 : 1.0 - i / (double) last);
    }
  }

  /** The depth of a module's colour, or null where it has no rank. */
  @Nullable Double of(ModuleReport module) {
    return depths.get(module.module());
  }
}
