package dev.polyphase.dpo;

import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Watches the pairs that a phase trains on for what a falling loss hides: it looks at the
 * difference of two completions alone, and falls as well where both become less probable and the
 * rejected one more so (Pal et al. 2024, arXiv 2402.13228; Razin et al. 2024, arXiv 2410.08847).
 * Each of the two is said once.
 *
 * <p>Windows of steps are compared with where the phase began: with a reference that is the model
 * of its beginning, every reward and log-ratio was 0 there; otherwise with the first window.
 */
final class RewardWatch {
  /** Windows have at least so many steps, and a tenth of the first pass over the pairs. */
  static final int LEAST_STEPS = 20;

  /** The chosen tokens are half as probable as they were, which doubles their perplexity. */
  private static final double COLLAPSE = Math.log(2);

  /** So many windows in a row must be lower than the one before them. */
  private static final int LEAST_FALLS = 2;

  /** So many standard errors are a difference that pairs do not make by chance. */
  private static final double STANDARD_ERRORS = 3;

  /** A lower reward matters from here on: it takes a preference's probability from 50 to 47.5 %. */
  private static final double LEAST_FALL = 0.1;

  /** A reference that is the model of the beginning makes all rewards 0. */
  private static final Sums NOTHING_LEARNED = new Sums(1, 0, 0, 0, 0, 0, 1);

  private final double windowPairs;
  private final String remedy;
  private final Consumer<String> notes;
  private final boolean startIsKnown;
  private @Nullable Sums start;
  private @Nullable Sums before;
  private Sums window = Sums.NONE;
  private int steps;
  private int falls;
  private boolean saidCollapse;
  private boolean saidFall;

  /**
   * No steps yet.
   *
   * @param program the loss, by which the advice goes
   * @param startIsKnown whether the reference is the model with which the phase began
   * @param pairs the pairs of the first pass over the rows
   * @param notes hears a sentence that the user should see
   */
  RewardWatch(LossProgram program, boolean startIsKnown, int pairs, Consumer<String> notes) {
    this.windowPairs = pairs / 10.0;
    this.remedy = remedy(program);
    this.notes = notes;
    this.startIsKnown = startIsKnown;
    if (startIsKnown) {
      start = NOTHING_LEARNED;
      before = NOTHING_LEARNED;
    }
  }

  private static String remedy(LossProgram program) {
    if (!program.reference()) {
      return program.likelihood() == LossProgram.Likelihood.CHOSEN_WITH_PROMPT
          ? "a smaller orpo.beta or a lower learning_rate holds against it"
          : "a larger cpo_alpha, the weight of their likelihood, or a lower learning_rate holds against it";
    }
    String likelihood =
        program.likelihood() == LossProgram.Likelihood.NONE
            ? "their likelihood beside the loss (dpo.loss_type: [sigmoid, sft], with loss_weights)"
            : "a larger weight of sft in dpo.loss_weights";
    return likelihood + ", a lower learning_rate or a larger dpo.beta holds against it";
  }

  /**
   * Pairs, added up.
   *
   * @param pairs how many
   * @param chosen the rewards of the chosen completions
   * @param chosenSquares their squares
   * @param rejected the rewards of the rejected completions
   * @param rejectedSquares their squares
   * @param chosenLogRatios the log-probabilities of the chosen completions, less the reference's
   * @param chosenTokens their tokens
   */
  record Sums(
      double pairs,
      double chosen,
      double chosenSquares,
      double rejected,
      double rejectedSquares,
      double chosenLogRatios,
      double chosenTokens) {
    static final Sums NONE = new Sums(0, 0, 0, 0, 0, 0, 0);

    /** One pair. */
    static Sums of(double chosen, double rejected, double chosenLogRatio, double chosenTokens) {
      return new Sums(
          1, chosen, chosen * chosen, rejected, rejected * rejected, chosenLogRatio, chosenTokens);
    }

    Sums plus(Sums other) {
      return new Sums(
          pairs + other.pairs,
          chosen + other.chosen,
          chosenSquares + other.chosenSquares,
          rejected + other.rejected,
          rejectedSquares + other.rejectedSquares,
          chosenLogRatios + other.chosenLogRatios,
          chosenTokens + other.chosenTokens);
    }

    double chosenMean() {
      return chosen / pairs;
    }

    double rejectedMean() {
      return rejected / pairs;
    }

    double byToken() {
      return chosenLogRatios / chosenTokens;
    }

    /** Whether both rewards are lower. */
    boolean isLowerThan(Sums other) {
      return chosenMean() < other.chosenMean() && rejectedMean() < other.rejectedMean();
    }

    /** Whether both are lower by more than chance, and so that it matters. */
    boolean isClearlyLowerThan(Sums other) {
      double ofChosen = Math.hypot(error(chosen, chosenSquares), other.chosenError());
      double ofRejected = Math.hypot(error(rejected, rejectedSquares), other.rejectedError());
      return chosenMean() < other.chosenMean() - Math.max(LEAST_FALL, STANDARD_ERRORS * ofChosen)
          && rejectedMean()
              < other.rejectedMean() - Math.max(LEAST_FALL, STANDARD_ERRORS * ofRejected);
    }

    private double chosenError() {
      return error(chosen, chosenSquares);
    }

    private double rejectedError() {
      return error(rejected, rejectedSquares);
    }

    /** The standard error of a mean. */
    private double error(double sum, double squares) {
      double mean = sum / pairs;
      return Math.sqrt(Math.max(0, squares / pairs - mean * mean) / pairs);
    }
  }

  /** Hears of the pairs of a step. */
  void hear(Sums step) {
    window = window.plus(step);
    steps++;
    if (steps >= LEAST_STEPS && window.pairs >= windowPairs) {
      look(window);
      window = Sums.NONE;
      steps = 0;
    }
  }

  private void look(Sums now) {
    if (start == null || before == null) {
      start = now;
      before = now;
      return;
    }
    falls = now.isLowerThan(before) ? falls + 1 : 0;
    before = now;
    double fallen = start.byToken() - now.byToken();
    if (!saidCollapse && fallen > COLLAPSE) {
      saidCollapse = true;
      say(
          "the chosen completions have become improbable: over the last %d steps the log-probability of their tokens is %.2f lower on average than %s, which makes each %.1f times less probable; %s",
          steps,
          fallen,
          startIsKnown ? "when the phase began" : "in the first steps",
          Math.exp(fallen),
          remedy);
    }
    if (!saidFall && falls >= LEAST_FALLS && now.isClearlyLowerThan(start)) {
      saidFall = true;
      say(
          "rewards/chosen and rewards/rejected both fall, to %.4f and %.4f on average over the last %d steps: the model moves away from the chosen completions too; %s",
          now.chosenMean(), now.rejectedMean(), steps, remedy);
    }
  }

  private void say(String format, Object... values) {
    notes.accept(String.format(Locale.ROOT, format, values));
  }
}
