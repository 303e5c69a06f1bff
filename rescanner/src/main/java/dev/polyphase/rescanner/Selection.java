package dev.polyphase.rescanner;

import dev.polyphase.pipelines.problems.InputException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The modules of each type with the best signal-to-noise ratio.
 *
 * @param topPercent how many of each type, in percent
 * @param types the types in the order of the scan
 */
public record Selection(double topPercent, List<RankedType> types) {
  private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);

  /** Descending; what is not a number ranks last. A sort by it is stable: ties keep their order. */
  private static final Comparator<ModuleSnr> BEST_FIRST =
      Comparator.comparing((ModuleSnr module) -> Double.isNaN(module.snr()))
          .thenComparing(Comparator.comparingDouble(ModuleSnr::snr).reversed());

  public Selection {
    types = List.copyOf(types);
  }

  /**
   * A type's modules.
   *
   * @param type the type
   * @param ranked all its modules, the best first
   * @param picked how many of them, from the first, are selected; may be 0
   */
  public record RankedType(String type, List<ModuleSnr> ranked, int picked) {
    public RankedType {
      ranked = List.copyOf(ranked);
    }

    /** The selected modules, the best first. */
    public List<ModuleSnr> selected() {
      return ranked.subList(0, picked);
    }
  }

  /**
   * Selects as the published scanner does: of n modules of a type, the best floor(n * percent /
   * 100).
   *
   * @param snrs the scan's entries, in its order
   * @param topPercent above 0 and at most 100
   * @throws InputException when the percentage is out of its range
   */
  public static Selection of(List<ModuleSnr> snrs, double topPercent) {
    requirePercent(topPercent);
    Map<String, List<ModuleSnr>> byType = new LinkedHashMap<>();
    for (ModuleSnr snr : snrs) {
      byType.computeIfAbsent(snr.type(), type -> new ArrayList<>()).add(snr);
    }
    List<RankedType> types = new ArrayList<>();
    byType.forEach(
        (type, modules) -> {
          List<ModuleSnr> ranked = modules.stream().sorted(BEST_FIRST).toList();
          types.add(new RankedType(type, ranked, picks(ranked.size(), topPercent)));
        });
    return new Selection(topPercent, types);
  }

  /** The names of the selected modules, type by type, the best first. */
  public List<String> modules() {
    return types.stream().flatMap(type -> type.selected().stream()).map(ModuleSnr::module).toList();
  }

  /**
   * Checks that a percentage picks at least one module, before any scan: the counts alone decide.
   *
   * @param modulesPerType how many modules each type has
   * @throws InputException saying which percentage would pick one
   */
  public static void requirePick(Map<String, Integer> modulesPerType, double topPercent) {
    requirePercent(topPercent);
    int most = modulesPerType.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    if (picks(most, topPercent) > 0) {
      return;
    }
    String found =
        "top_percent "
            + percentText(topPercent)
            + " picks no module: of n modules of a type it"
            + " takes floor(n * percent / 100), and the largest type has "
            + most;
    throw new InputException(
        most == 0
            ? found + "; name other modules"
            : found + "; take " + leastPercent(most).toPlainString() + " or more");
  }

  /** {@code 25} for 25.0, {@code 12.5} for 12.5, as in the names of files. */
  static String percentText(double topPercent) {
    return decimal(topPercent).toPlainString();
  }

  private static void requirePercent(double topPercent) {
    if (!(topPercent > 0 && topPercent <= 100)) {
      String found =
          Double.isFinite(topPercent) ? percentText(topPercent) : Double.toString(topPercent);
      throw new InputException(
          "top_percent is " + found + "; give a percentage above 0 and at most 100");
    }
  }

  /** In decimal, so that 29 % of 100 are 29 and not the 28 that 0.29 * 100 would give. */
  private static int picks(int modules, double topPercent) {
    return decimal(topPercent)
        .multiply(BigDecimal.valueOf(modules))
        .divide(HUNDRED, 0, RoundingMode.FLOOR)
        .intValueExact();
  }

  private static BigDecimal leastPercent(int modules) {
    return HUNDRED
        .divide(BigDecimal.valueOf(modules), 2, RoundingMode.CEILING)
        .stripTrailingZeros();
  }

  /** The percentage as it was typed: the shortest decimal that reads as this double. */
  private static BigDecimal decimal(double topPercent) {
    return new BigDecimal(PythonFloat.toString(topPercent)).stripTrailingZeros();
  }
}
