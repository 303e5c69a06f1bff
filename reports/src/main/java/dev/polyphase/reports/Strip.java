package dev.polyphase.reports;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A row of the picture: one type of module through the layers. Two modules of one type and layer,
 * as in an encoder and a decoder, belong to two strips. All experts' matrices of one projection are
 * one strip, whatever types they were ranked in; each expert has a line of it.
 *
 * @param key what the names of its modules have in common, {@code model.layers.*.mlp.up_proj}
 * @param label its name for readers: the type, or the key where another strip has the same type; of
 *     experts what follows the layer
 * @param layered whether its modules lie in layers
 * @param experts the numbers of the experts that it has lines for; empty where it is of none
 */
record Strip(String key, String label, boolean layered, List<Integer> experts) {
  private static final Pattern APART =
      Pattern.compile("(.*\\bexperts\\.)([0-9]{1,9})((?:\\..*)?)", Pattern.DOTALL);
  private static final Pattern FUSED =
      Pattern.compile("(.*\\bexperts\\..*)\\[([0-9]{1,9})]", Pattern.DOTALL);

  Strip {
    experts = List.copyOf(experts);
  }

  /**
   * Where a module is drawn.
   *
   * @param strip the key of its strip
   * @param expert its number; null where it is no expert's
   */
  private record Spot(String strip, @Nullable Integer expert) {

    static Spot of(ModuleReport module) {
      String name = withoutLayer(module);
      Matcher apart = APART.matcher(name);
      if (apart.matches()) {
        return new Spot(apart.group(1) + "*" + apart.group(3), Integer.valueOf(apart.group(2)));
      }
      Matcher fused = FUSED.matcher(name);
      return fused.matches()
          ? new Spot(fused.group(1), Integer.valueOf(fused.group(2)))
          : new Spot(name, null);
    }

    /** A layer is the first number of a name. */
    private static String withoutLayer(ModuleReport module) {
      String name = module.module();
      String layer = "." + module.layer() + ".";
      int at = name.indexOf(layer);
      return module.layer() == null || at < 0
          ? name
          : name.substring(0, at) + ".*." + name.substring(at + layer.length());
    }
  }

  /** The strips of all phases in the order of their first module, those outside the layers last. */
  static List<Strip> of(Report report) {
    Map<String, ModuleReport> first = new LinkedHashMap<>();
    Map<String, SortedSet<Integer>> experts = new HashMap<>();
    for (PhaseReport phase : report.phases()) {
      for (ModuleReport module : phase.shown()) {
        Spot spot = Spot.of(module);
        first.putIfAbsent(spot.strip(), module);
        if (spot.expert() != null) {
          experts.computeIfAbsent(spot.strip(), strip -> new TreeSet<>()).add(spot.expert());
        }
      }
    }
    Map<String, Integer> stripsOfType = new HashMap<>();
    first.values().forEach(module -> stripsOfType.merge(module.type(), 1, Integer::sum));

    List<Strip> strips = new ArrayList<>();
    first.forEach(
        (key, module) -> {
          List<Integer> lines = List.copyOf(experts.getOrDefault(key, new TreeSet<>()));
          String type = type(module);
          boolean alone = stripsOfType.getOrDefault(module.type(), 0) == 1;
          strips.add(
              new Strip(
                  key, alone || !lines.isEmpty() ? type : key, module.layer() != null, lines));
        });
    strips.sort(Comparator.comparing(Strip::layered).reversed());
    return strips;
  }

  /** The strip that a module belongs to. */
  static String key(ModuleReport module) {
    return Spot.of(module).strip();
  }

  /** The type of a module; of an expert's what follows the layer, the same for all experts. */
  static String type(ModuleReport module) {
    Spot spot = Spot.of(module);
    return spot.expert() == null ? module.type() : spot.strip().replaceFirst("^.*?\\.\\*\\.", "");
  }

  /** The number of a module's expert; null where it is no expert's. */
  static @Nullable Integer expert(ModuleReport module) {
    return Spot.of(module).expert();
  }

  /** The line of a module in this strip, counted from 0. */
  int line(ModuleReport module) {
    @Nullable Integer expert = Spot.of(module).expert();
    return expert == null ? 0 : Math.max(0, Collections.binarySearch(experts, expert));
  }

  /** How many lines it has. */
  int lines() {
    return Math.max(1, experts.size());
  }
}
