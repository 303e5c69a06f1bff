package dev.polyphase.rescanner;

import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.SelectionRule.Budget;
import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.weights.PythonFloat;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;

/** How many modules of a ranking a budget takes; always the first ones, so that none is skipped. */
final class Picks {
  private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);

  private Picks() {}

  /**
   * How many of a ranking are taken.
   *
   * @param ranked the ranking's modules, the first to be taken first
   * @param allParameters those of all rankings, which share a number of parameters by their size
   */
  static int of(List<Candidate> ranked, SelectionRule rule, long allParameters) {
    Budget budget = rule.budget();
    if (budget instanceof Budget.Percent share) {
      int least = rule.profile() == Profile.ROBUST && measured(ranked) > 0 ? 1 : 0;
      int picks =
          share.of() == Budget.Of.MODULES
              ? share(share.percent(), ranked.size()).intValueExact()
              : within(share(share.percent(), parameters(ranked)), ranked);
      return Math.max(least, picks);
    }
    if (budget instanceof Budget.MaxParameters most) {
      BigDecimal part =
          BigDecimal.valueOf(most.parameters())
              .multiply(BigDecimal.valueOf(parameters(ranked)))
              .divide(BigDecimal.valueOf(Math.max(1, allParameters)), 0, RoundingMode.FLOOR);
      return within(part, ranked);
    }
    return budget instanceof Budget.Adaptive ? beforeTheLargestFall(ranked) : ranked.size();
  }

  /** The floor of n * percent / 100 in decimal: 29 % of 100 are 29, not the 28 of 0.29 * 100. */
  static BigDecimal share(double percent, long n) {
    return decimal(percent).multiply(BigDecimal.valueOf(n)).divide(HUNDRED, 0, RoundingMode.FLOOR);
  }

  /** The percentage as it was typed: the shortest decimal that reads as this double. */
  static BigDecimal decimal(double percent) {
    return new BigDecimal(PythonFloat.toString(percent)).stripTrailingZeros();
  }

  /** The least percentage that takes one of some modules. */
  static BigDecimal leastPercent(int modules) {
    return HUNDRED
        .divide(BigDecimal.valueOf(modules), 2, RoundingMode.CEILING)
        .stripTrailingZeros();
  }

  static long parameters(List<Candidate> modules) {
    return modules.stream().mapToLong(Candidate::parameters).sum();
  }

  private static int within(BigDecimal budget, List<Candidate> ranked) {
    int picks = 0;
    BigDecimal left = budget;
    for (Candidate module : ranked) {
      left = left.subtract(BigDecimal.valueOf(module.parameters()));
      if (left.signum() < 0) {
        return picks;
      }
      picks++;
    }
    return picks;
  }

  /**
   * At least one module and at most half of those measured: up to where the score changes most from
   * one module to the next, by its ratio, which is the largest gap of its logarithm.
   */
  private static int beforeTheLargestFall(List<Candidate> ranked) {
    int measured = measured(ranked);
    int picks = Math.min(1, measured);
    double largestFall = 1;
    for (int i = 1; i <= measured / 2; i++) {
      double here = ranked.get(i - 1).score();
      double next = ranked.get(i).score();
      double fall = here == next ? 1 : Math.max(here, next) / Math.min(here, next);
      if (fall > largestFall) {
        largestFall = fall;
        picks = i;
      }
    }
    return picks;
  }

  private static int measured(List<Candidate> ranked) {
    return (int) ranked.stream().filter(module -> !Double.isNaN(module.score())).count();
  }
}
