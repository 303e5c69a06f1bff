package dev.polyphase.rescanner;

import dev.polyphase.pipelines.SelectionRule.Metric;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;
import org.jspecify.annotations.Nullable;

/**
 * What differs between two scans, of the modules that both hold under the same type.
 *
 * @param types the types in the first scan's order
 * @param entered the modules that only the second scan selects, in its order
 * @param left the modules that only the first scan selects, in its order
 * @param largestMoves the modules whose rank changed, those that changed most first
 * @param onlyInFirst modules that the second scan does not hold, or has under another type
 * @param onlyInSecond the reverse
 */
public record Comparison(
    List<TypeComparison> types,
    List<String> entered,
    List<String> left,
    List<Move> largestMoves,
    List<String> onlyInFirst,
    List<String> onlyInSecond) {
  private static final int MOVES = 10;

  public Comparison {
    types = List.copyOf(types);
    entered = List.copyOf(entered);
    left = List.copyOf(left);
    largestMoves = List.copyOf(largestMoves);
    onlyInFirst = List.copyOf(onlyInFirst);
    onlyInSecond = List.copyOf(onlyInSecond);
  }

  /**
   * A type in both scans.
   *
   * @param modules how many modules both scans hold
   * @param selectedInBoth how many of them both select
   * @param selectedInFirst how many the first selects
   * @param rankCorrelation Spearman's, of the modules measured in both; null where it is not
   *     defined: fewer than two modules, or all tied
   */
  public record TypeComparison(
      String type,
      int modules,
      int selectedInFirst,
      int selectedInBoth,
      @Nullable Double rankCorrelation) {}

  /**
   * A module whose rank in its type changed; 1 is the best.
   *
   * @param firstRank its rank among the modules that both scans hold, in the first
   * @param secondRank in the second
   */
  public record Move(
      String module,
      String type,
      int firstRank,
      int secondRank,
      double firstSnr,
      double secondSnr) {
    private int distance() {
      return Math.abs(secondRank - firstRank);
    }
  }

  private record Pair(ModuleSnr first, ModuleSnr second) {}

  /**
   * Compares two scans and what the published rule selects of each.
   *
   * @param topPercent of each type, above 0 and at most 100
   */
  public static Comparison of(List<ModuleSnr> first, List<ModuleSnr> second, double topPercent) {
    Map<String, ModuleSnr> secondByModule = new LinkedHashMap<>();
    second.forEach(snr -> secondByModule.put(snr.module(), snr));
    List<Pair> pairs = new ArrayList<>();
    Map<String, List<Pair>> byType = new LinkedHashMap<>();
    for (ModuleSnr snr : first) {
      ModuleSnr other = secondByModule.get(snr.module());
      if (other != null && other.type().equals(snr.type())) {
        Pair pair = new Pair(snr, other);
        pairs.add(pair);
        byType.computeIfAbsent(snr.type(), type -> new ArrayList<>()).add(pair);
      }
    }
    Set<String> inFirst = selected(first, topPercent);
    Set<String> inSecond = selected(second, topPercent);
    List<TypeComparison> types = new ArrayList<>();
    byType.forEach((type, members) -> types.add(compare(type, members, inFirst, inSecond)));
    Set<String> common = new LinkedHashSet<>();
    pairs.forEach(pair -> common.add(pair.first().module()));
    return new Comparison(
        types,
        without(inSecond, inFirst),
        without(inFirst, inSecond),
        moves(pairs),
        without(modules(first), common),
        without(modules(second), common));
  }

  private static TypeComparison compare(
      String type, List<Pair> members, Set<String> inFirst, Set<String> inSecond) {
    List<String> selected =
        members.stream().map(pair -> pair.first().module()).filter(inFirst::contains).toList();
    return new TypeComparison(
        type,
        members.size(),
        selected.size(),
        (int) selected.stream().filter(inSecond::contains).count(),
        rankCorrelation(members));
  }

  private static @Nullable Double rankCorrelation(List<Pair> members) {
    List<Pair> measured =
        members.stream()
            .filter(pair -> !Double.isNaN(pair.first().snr()) && !Double.isNaN(pair.second().snr()))
            .toList();
    if (measured.size() < 2) {
      return null;
    }
    double found =
        new SpearmansCorrelation()
            .correlation(
                measured.stream().mapToDouble(pair -> pair.first().snr()).toArray(),
                measured.stream().mapToDouble(pair -> pair.second().snr()).toArray());
    return Double.isNaN(found) ? null : found;
  }

  private static List<Move> moves(List<Pair> pairs) {
    Map<String, Integer> firstRanks = ranks(pairs.stream().map(Pair::first).toList());
    Map<String, Integer> secondRanks = ranks(pairs.stream().map(Pair::second).toList());
    return pairs.stream()
        .map(
            pair ->
                new Move(
                    pair.first().module(),
                    pair.first().type(),
                    firstRanks.getOrDefault(pair.first().module(), 0),
                    secondRanks.getOrDefault(pair.first().module(), 0),
                    pair.first().snr(),
                    pair.second().snr()))
        .filter(move -> move.distance() > 0)
        .sorted(Comparator.comparingInt(Move::distance).reversed())
        .limit(MOVES)
        .toList();
  }

  private static Map<String, Integer> ranks(List<ModuleSnr> snrs) {
    return Selection.ranks(
        snrs.stream().map(snr -> new Candidate(snr, snr.snr(), 0)).toList(), Metric.SNR);
  }

  private static Set<String> selected(List<ModuleSnr> snrs, double topPercent) {
    return new LinkedHashSet<>(Selection.of(snrs, topPercent).modules());
  }

  private static Set<String> modules(List<ModuleSnr> snrs) {
    Set<String> modules = new LinkedHashSet<>();
    snrs.forEach(snr -> modules.add(snr.module()));
    return modules;
  }

  private static List<String> without(Set<String> modules, Set<String> others) {
    return modules.stream().filter(module -> !others.contains(module)).toList();
  }
}
