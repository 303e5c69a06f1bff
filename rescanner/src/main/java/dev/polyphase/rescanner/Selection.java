package dev.polyphase.rescanner;

import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.SelectionRule.Budget;
import dev.polyphase.pipelines.SelectionRule.Metric;
import dev.polyphase.pipelines.SelectionRule.Mode;
import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.pipelines.SelectionRule.Ranking;
import dev.polyphase.pipelines.problems.InputException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * The modules that a rule takes.
 *
 * @param rule how they were ranked and how many are taken
 * @param types the types in the order of the scan
 */
public record Selection(SelectionRule rule, List<RankedType> types) {
  private static final Comparator<Candidate> UNMEASURED_LAST =
      Comparator.comparing((Candidate module) -> Double.isNaN(module.score()));

  public Selection {
    types = List.copyOf(types);
  }

  /**
   * A type's modules.
   *
   * @param type the type
   * @param ranked all its modules, the first to be taken first
   * @param picked how many of them, from the first, are selected; may be 0
   */
  public record RankedType(String type, List<ModuleSnr> ranked, int picked) {
    public RankedType {
      ranked = List.copyOf(ranked);
    }

    /** The selected modules, the first taken first. */
    public List<ModuleSnr> selected() {
      return ranked.subList(0, picked);
    }
  }

  /**
   * Selects as the published scanner does: of n modules of a type, the best floor(n * percent /
   * 100).
   *
   * @param snrs the scan's entries, in its order
   * @param topPercent at least {@link Budget#LEAST_PERCENT} and at most 100
   * @throws InputException when the percentage is out of its range
   */
  public static Selection of(List<ModuleSnr> snrs, double topPercent) {
    return of(snrs, topPercent, Profile.SPECTRUM);
  }

  /**
   * Selects the best modules of each type of a scan's file.
   *
   * @param profile {@code robust} takes at least one module of each type
   */
  public static Selection of(List<ModuleSnr> snrs, double topPercent, Profile profile) {
    requirePercent(topPercent);
    SelectionRule published = SelectionRule.published(topPercent);
    SelectionRule rule =
        new SelectionRule(
            profile, published.metric(), published.mode(), published.ranking(), published.budget());
    List<Candidate> modules = snrs.stream().map(snr -> new Candidate(snr, snr.snr(), 0)).toList();
    return of(modules, rule, "");
  }

  /**
   * Selects by any rule.
   *
   * @param modules in the scan's order; ties keep it
   * @param lot what a random order is drawn by: the same gives the same order
   */
  public static Selection of(List<Candidate> modules, SelectionRule rule, String lot) {
    long allParameters = Picks.parameters(modules);
    return of(modules, rule, order(rule, lot), sorted -> Picks.of(sorted, rule, allParameters));
  }

  /**
   * Takes the first modules of each of a rule's rankings.
   *
   * @param order what each ranking is sorted by; ties keep the order of {@code modules}
   * @param picks how many of a sorted ranking are taken
   */
  static Selection of(
      List<Candidate> modules,
      SelectionRule rule,
      Comparator<Candidate> order,
      ToIntFunction<List<Candidate>> picks) {
    Map<String, List<ModuleSnr>> ranked = new LinkedHashMap<>();
    Map<String, Integer> picked = new HashMap<>();
    modules.forEach(module -> ranked.put(module.snr().type(), new ArrayList<>()));
    for (List<Candidate> ranking : rankings(modules, rule)) {
      List<Candidate> sorted = ranking.stream().sorted(order).toList();
      int taken = picks.applyAsInt(sorted);
      for (int i = 0; i < sorted.size(); i++) {
        String type = sorted.get(i).snr().type();
        ranked.getOrDefault(type, List.of()).add(sorted.get(i).snr());
        picked.merge(type, i < taken ? 1 : 0, Integer::sum);
      }
    }
    List<RankedType> types = new ArrayList<>();
    ranked.forEach(
        (type, all) -> types.add(new RankedType(type, all, picked.getOrDefault(type, 0))));
    return new Selection(rule, types);
  }

  /** What is ranked against each other: the modules of a type, or all. */
  static List<List<Candidate>> rankings(List<Candidate> modules, SelectionRule rule) {
    return rule.ranking() == Ranking.GLOBAL ? List.of(modules) : byType(modules);
  }

  /** The names of the selected modules, type by type, the first taken first. */
  public List<String> modules() {
    return types.stream().flatMap(type -> type.selected().stream()).map(ModuleSnr::module).toList();
  }

  /** Each module's place in its type by a metric, from 1 for the best, whatever is selected. */
  public static Map<String, Integer> ranks(List<Candidate> modules, Metric metric) {
    Map<String, Integer> ranks = new HashMap<>();
    for (List<Candidate> type : byType(modules)) {
      int rank = 0;
      for (Candidate module : type.stream().sorted(bestFirst(metric)).toList()) {
        rank++;
        ranks.put(module.snr().module(), rank);
      }
    }
    return ranks;
  }

  /**
   * Checks that a rule picks at least one module, before any scan: numbers and sizes decide.
   *
   * @param modules the modules, their scores of no account
   * @throws InputException saying what would pick one
   */
  public static void requirePick(List<Candidate> modules, SelectionRule rule) {
    if (rule.budget() instanceof Budget.Percent share && share.of() == Budget.Of.MODULES) {
      if (rule.profile() == Profile.SPECTRUM) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        boolean global = rule.ranking() == Ranking.GLOBAL;
        modules.forEach(module -> counts.merge(global ? "" : module.snr().type(), 1, Integer::sum));
        requirePick(counts, share.percent());
      }
      return;
    }
    // Whichever ranks first has to fit; no one fits that is larger.
    List<Candidate> largestFirst =
        modules.stream()
            .map(
                module ->
                    new Candidate(module.snr(), (double) module.parameters(), module.parameters()))
            .toList();
    SelectionRule worst =
        new SelectionRule(rule.profile(), Metric.SNR, Mode.TOP, rule.ranking(), rule.budget());
    if (of(largestFirst, worst, "").modules().isEmpty()) {
      throw new InputException(
          "the budget of parameters may pick no module: the largest has %,d of %,d; raise it"
              .formatted(
                  modules.stream().mapToLong(Candidate::parameters).max().orElse(0),
                  Picks.parameters(modules)));
    }
  }

  /**
   * Checks that a percentage of the modules of each type picks at least one: the counts decide.
   *
   * @param modulesPerType how many modules each type has
   * @throws InputException saying which percentage would pick one
   */
  public static void requirePick(Map<String, Integer> modulesPerType, double topPercent) {
    requirePercent(topPercent);
    int most = modulesPerType.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    if (Picks.share(topPercent, most).signum() > 0) {
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
            : found + "; take " + Picks.leastPercent(most).toPlainString() + " or more");
  }

  /** {@code 25} for 25.0, {@code 12.5} for 12.5, as in the names of files. */
  public static String percentText(double topPercent) {
    return Picks.decimal(topPercent).toPlainString();
  }

  private static void requirePercent(double topPercent) {
    if (!(topPercent >= Budget.LEAST_PERCENT && topPercent <= 100)) {
      // Written out, 1e-300 has 300 digits.
      boolean plain = Math.abs(topPercent) < 1e6 && Math.abs(topPercent) >= 1e-6;
      throw new InputException(
          "top_percent is %s; give a percentage of at least %s and at most 100"
              .formatted(
                  plain || topPercent == 0 ? percentText(topPercent) : Double.toString(topPercent),
                  percentText(Budget.LEAST_PERCENT)));
    }
  }

  private static List<List<Candidate>> byType(List<Candidate> modules) {
    Map<String, List<Candidate>> byType = new LinkedHashMap<>();
    for (Candidate module : modules) {
      byType.computeIfAbsent(module.snr().type(), type -> new ArrayList<>()).add(module);
    }
    return List.copyOf(byType.values());
  }

  /** A sort by it is stable: ties keep their order. */
  private static Comparator<Candidate> order(SelectionRule rule, String lot) {
    Comparator<Candidate> ascending = Comparator.comparingDouble(Candidate::score);
    return switch (rule.mode()) {
      case TOP, ALL -> bestFirst(rule.metric());
      case BOTTOM ->
          UNMEASURED_LAST.thenComparing(
              SpectralMetric.largerIsBetter(rule.metric()) ? ascending : ascending.reversed());
      case RANDOM -> UNMEASURED_LAST.thenComparing(module -> Lots.draw(lot, module.snr().module()));
    };
  }

  private static Comparator<Candidate> bestFirst(Metric metric) {
    Comparator<Candidate> ascending = Comparator.comparingDouble(Candidate::score);
    return UNMEASURED_LAST.thenComparing(
        SpectralMetric.largerIsBetter(metric) ? ascending.reversed() : ascending);
  }
}
