package dev.polyphase.rescanner;

import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.SelectionRule.Budget;
import dev.polyphase.pipelines.SelectionRule.Ranking;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The most that a rule may take, which numbers and sizes of the modules tell before any scan.
 *
 * @param standIn a selection of at least as many parameters as the rule will take: the largest
 *     modules, and of equal ones the first
 * @param types how many modules it will take of each type
 * @param modules at most so many modules it will take of all types: fewer than of each one by one
 *     where types are ranked together
 * @param exact whether it will take just as many parameters as {@code standIn}
 */
public record MostSelected(Selection standIn, List<TypeBound> types, int modules, boolean exact) {
  private static final Comparator<Candidate> SMALLEST_FIRST =
      Comparator.comparingLong(Candidate::parameters);

  public MostSelected {
    types = List.copyOf(types);
  }

  /**
   * How many modules of a type are taken.
   *
   * @param most at most so many
   * @param modules how many it has
   * @param exact whether it is just {@code most}
   */
  public record TypeBound(String type, int most, int modules, boolean exact) {}

  /**
   * What one ranking gives.
   *
   * @param most at most so many of its modules
   * @param standIn so many of the largest have at least the parameters that are taken
   * @param exact whether it is just {@code most} modules
   */
  private record Bound(int most, int standIn, boolean exact) {}

  /**
   * The most that a rule takes, whatever a scan will measure.
   *
   * @param modules in the scan's order, their scores of no account
   */
  public static MostSelected of(List<Candidate> modules, SelectionRule rule) {
    // Picks count what has a score; here all have.
    List<Candidate> measured =
        modules.stream()
            .map(module -> new Candidate(module.snr(), 1, module.parameters()))
            .toList();
    long allParameters = Picks.parameters(measured);
    Selection standIn =
        Selection.of(
            measured,
            rule,
            SMALLEST_FIRST.reversed(),
            ranking -> bound(ranking, rule, allParameters).standIn());

    boolean exact = true;
    int most = 0;
    List<TypeBound> types = new ArrayList<>();
    for (List<Candidate> ranking : Selection.rankings(measured, rule)) {
      Bound bound = bound(ranking, rule, allParameters);
      boolean whole = bound.most() == ranking.size();
      most += bound.most();
      exact &= bound.exact() && (whole || ofOneSize(ranking));
      if (rule.ranking() == Ranking.PER_TYPE) {
        String type = ranking.get(0).snr().type();
        types.add(new TypeBound(type, bound.most(), ranking.size(), bound.exact()));
      } else {
        for (Selection.RankedType type : standIn.types()) {
          int size = type.ranked().size();
          types.add(
              new TypeBound(
                  type.type(), Math.min(size, bound.most()), size, bound.exact() && whole));
        }
      }
    }
    return new MostSelected(standIn, types, most, exact);
  }

  private static Bound bound(List<Candidate> ranking, SelectionRule rule, long allParameters) {
    int size = ranking.size();
    if (rule.budget() instanceof Budget.Adaptive) {
      int most = Math.max(1, size / 2);
      return new Bound(most, most, false);
    }
    List<Candidate> smallestFirst = ranking.stream().sorted(SMALLEST_FIRST).toList();
    int most = Picks.of(smallestFirst, rule, allParameters);
    boolean countsModules =
        rule.budget() instanceof Budget.Everything
            || (rule.budget() instanceof Budget.Percent share && share.of() == Budget.Of.MODULES);
    if (countsModules || ofOneSize(ranking) || most == size) {
      return new Bound(most, most, true);
    }
    // The largest that fit may leave room that smaller ones fill; with one more they do not.
    List<Candidate> largestFirst = ranking.stream().sorted(SMALLEST_FIRST.reversed()).toList();
    int fitting = Picks.of(largestFirst, rule, allParameters);
    return new Bound(most, Math.min(size, fitting + 1), false);
  }

  private static boolean ofOneSize(List<Candidate> modules) {
    return modules.stream().mapToLong(Candidate::parameters).distinct().count() <= 1;
  }
}
