package dev.polyphase.reports;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A row of the picture: one type of module through the layers. Two modules of one type and layer,
 * as in an encoder and a decoder, belong to two strips.
 *
 * @param key what the names of its modules have in common, {@code model.layers.*.mlp.up_proj}
 * @param label its name for readers: the type, or the key where another strip has the same type
 * @param layered whether its modules lie in layers
 */
record Strip(String key, String label, boolean layered) {

  /** The strips of all phases in the order of their first module, those outside the layers last. */
  static List<Strip> of(Report report) {
    Map<String, ModuleReport> first = new LinkedHashMap<>();
    for (PhaseReport phase : report.phases()) {
      phase.shown().forEach(module -> first.putIfAbsent(key(module), module));
    }
    Map<String, Integer> stripsOfType = new HashMap<>();
    first.values().forEach(module -> stripsOfType.merge(module.type(), 1, Integer::sum));

    List<Strip> strips = new ArrayList<>();
    first.forEach(
        (key, module) -> {
          boolean alone = stripsOfType.getOrDefault(module.type(), 0) == 1;
          strips.add(new Strip(key, alone ? module.type() : key, module.layer() != null));
        });
    strips.sort(Comparator.comparing(Strip::layered).reversed());
    return strips;
  }

  /** The strip that a module belongs to. */
  static String key(ModuleReport module) {
    String name = module.module();
    String tail = module.layer() + "." + module.type();
    return name.endsWith(tail)
        ? name.substring(0, name.length() - tail.length()) + "*." + module.type()
        : name;
  }
}
