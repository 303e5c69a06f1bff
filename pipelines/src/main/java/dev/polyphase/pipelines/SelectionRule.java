package dev.polyphase.pipelines;

/**
 * How the modules of a scan are ranked, and how many of them are taken.
 *
 * @param profile how close to the published scanner
 * @param metric the figure of each module's singular values that it is ranked by
 * @param mode which end of the ranking is taken
 * @param ranking what is ranked against what
 * @param budget how much is taken
 */
public record SelectionRule(
    Profile profile, Metric metric, Mode mode, Ranking ranking, Budget budget) {

  /** The published tool's rule: the best {@code percent} of the modules of each type. */
  public static SelectionRule published(double percent) {
    return new SelectionRule(
        Profile.SPECTRUM,
        Metric.SNR,
        Mode.TOP,
        Ranking.PER_TYPE,
        new Budget.Percent(percent, Budget.Of.MODULES));
  }

  /** How close a scan is to the published scanner's. */
  public enum Profile {
    /** Its current code in everything, infinite ratios and empty selections included. */
    SPECTRUM,
    /** Ratios of finite weights are finite, and a share of a type is at least one module. */
    ROBUST
  }

  /** Figures of singular values; the rescanner's README says of each which end is the better. */
  public enum Metric {
    SNR,
    SNR_MP,
    STABLE_RANK,
    ALPHA,
    EFFECTIVE_RANK
  }

  /** Which modules are taken: the best, or as controls others as many. */
  public enum Mode {
    TOP,
    BOTTOM,
    RANDOM,
    ALL
  }

  /** Whether each type has a ranking and a budget of its own, or all modules share one. */
  public enum Ranking {
    PER_TYPE,
    GLOBAL
  }

  /** How much is taken. */
  public sealed interface Budget {

    /** The least percentage: less takes no module of any model. */
    double LEAST_PERCENT = 0.0001;

    /** What a percentage counts. */
    enum Of {
      MODULES,
      PARAMETERS
    }

    /**
     * A share.
     *
     * @param percent at least {@link #LEAST_PERCENT} and at most 100
     * @param of what is counted
     */
    record Percent(double percent, Of of) implements Budget {}

    /** Up to the largest fall of the metric within the first half of the ranking. */
    record Adaptive() implements Budget {}

    /**
     * A number of parameters, those of the modules that are always trained not counted.
     *
     * @param parameters at least 1
     */
    record MaxParameters(long parameters) implements Budget {}

    /** Every module, with mode {@code all}. */
    record Everything() implements Budget {}
  }
}
