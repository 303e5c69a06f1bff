package dev.polyphase.dpo;

import dev.polyphase.pipelines.Cpo;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Dpo.FDivergence;
import dev.polyphase.pipelines.Dpo.LossType;
import dev.polyphase.pipelines.Orpo;
import dev.polyphase.pipelines.Simpo;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a phase's loss on pairs is made of: functions of {@code pair_losses.py}, each times a
 * weight, with the constants that they know, and what these look at.
 *
 * @param terms the functions and their weights; none where the loss is the likelihood alone
 * @param constants of the functions
 * @param likelihood which tokens' negative log-likelihood is in the loss as well
 * @param likelihoodWeight its weight
 * @param rewards what is logged of a completion
 * @param reference whether there is a reference
 * @param laterTokens what a token counts that is beyond the length of the pair's shorter completion
 *     (LD-DPO, Liu et al. 2024); 1 where it counts as every other
 * @param onPolicy whether pairs are weighted as in WPO (Zhou et al. 2024)
 */
record LossProgram(
    List<Term> terms,
    Constants constants,
    Likelihood likelihood,
    double likelihoodWeight,
    Rewards rewards,
    boolean reference,
    double laterTokens,
    boolean onPolicy) {

  /** Functions of all of a step's pairs at once. */
  private static final List<String> ACROSS_PAIRS = List.of("aot", "aot_unpaired");

  /** Where an alpha-divergence is as good as the reverse Kullback-Leibler divergence. */
  private static final double SAME = 1e-6;

  LossProgram {
    terms = List.copyOf(terms);
  }

  /** A function and what it is multiplied by. */
  record Term(String function, double weight) {}

  /** Which tokens' negative log-likelihood is part of a loss. */
  enum Likelihood {
    /** None's. */
    NONE,
    /** Those of the chosen completions. */
    CHOSEN,
    /** Those of the chosen completions and of the prompts before them. */
    CHOSEN_WITH_PROMPT
  }

  /**
   * What the functions know.
   *
   * @param divergence the function that makes scores of log-ratios
   * @param alpha of an alpha-divergence, or of AlphaPO
   */
  record Constants(
      double beta,
      double labelSmoothing,
      double discopopTau,
      double gamma,
      String divergence,
      double alpha) {

    static Constants of(double beta, double labelSmoothing) {
      return new Constants(beta, labelSmoothing, 1, 0, "reverse_kl", 0);
    }
  }

  /**
   * What is logged of a completion: {@code beta} times its log-ratio, or without a reference its
   * log-probability.
   *
   * @param byToken whether the log-probability is the mean over its tokens
   * @param alpha of AlphaPO, which takes {@code (1 - p^-alpha) / alpha} for it; 0 otherwise
   */
  record Rewards(double beta, boolean byToken, double alpha) {

    /** The log-probability that is logged. */
    double logps(double sum, double tokens) {
      return byToken ? sum / tokens : sum;
    }

    /** The reward. */
    double of(double sum, double reference, double tokens) {
      double logps = logps(sum - reference, tokens);
      return beta * (alpha == 0 ? logps : (1 - Math.exp(-alpha * logps)) / alpha);
    }
  }

  /** DPO with any of its losses. */
  static LossProgram of(Dpo dpo) {
    boolean plain =
        dpo.fDivergenceType() == FDivergence.ALPHA_DIVERGENCE
            && Math.abs(dpo.fAlphaDivergenceCoef() - 1) < SAME;
    double likelihoodWeight =
        dpo.losses().stream()
            .filter(loss -> loss.type() == LossType.SFT)
            .mapToDouble(Dpo.WeightedLoss::weight)
            .sum();
    return new LossProgram(
        dpo.losses().stream()
            .filter(loss -> loss.type() != LossType.SFT)
            .map(loss -> new Term(word(loss.type()), loss.weight()))
            .toList(),
        new Constants(
            dpo.beta(),
            dpo.labelSmoothing(),
            dpo.discopopTau(),
            0,
            word(plain ? FDivergence.REVERSE_KL : dpo.fDivergenceType()),
            dpo.fAlphaDivergenceCoef()),
        dpo.lossTypes().contains(LossType.SFT) ? Likelihood.CHOSEN : Likelihood.NONE,
        likelihoodWeight,
        new Rewards(dpo.beta(), false, 0),
        true,
        dpo.ldAlpha().orElse(1),
        dpo.useWeighting());
  }

  /** CPO (Xu et al. 2024). */
  static LossProgram of(Cpo cpo) {
    return withoutReference(
        "cpo_" + word(cpo.lossType()),
        Constants.of(cpo.beta(), cpo.labelSmoothing()),
        cpo.cpoAlpha(),
        new Rewards(cpo.beta(), cpo.lossType() == Cpo.LossType.IPO, 0));
  }

  /** SimPO (Meng et al. 2024), or with an alpha AlphaPO (Gupta et al. 2025). */
  static LossProgram of(Simpo simpo) {
    return withoutReference(
        simpo.alpha() == 0 ? "simpo" : "alphapo",
        new Constants(
            simpo.beta(),
            simpo.labelSmoothing(),
            1,
            simpo.simpoGamma(),
            "reverse_kl",
            simpo.alpha()),
        simpo.cpoAlpha(),
        new Rewards(simpo.beta(), true, simpo.alpha()));
  }

  /** ORPO (Hong et al. 2024). */
  static LossProgram of(Orpo orpo) {
    return new LossProgram(
        List.of(new Term("orpo", 1)),
        Constants.of(orpo.beta(), 0),
        Likelihood.CHOSEN_WITH_PROMPT,
        1,
        new Rewards(orpo.beta(), true, 0),
        false,
        1,
        false);
  }

  private static LossProgram withoutReference(
      String function, Constants constants, double likelihoodWeight, Rewards rewards) {
    return new LossProgram(
        List.of(new Term(function, 1)),
        constants,
        likelihoodWeight > 0 ? Likelihood.CHOSEN : Likelihood.NONE,
        likelihoodWeight,
        rewards,
        false,
        1,
        false);
  }

  /** Whether a pair's loss depends on the step's other pairs. */
  boolean acrossPairs() {
    return terms.stream().anyMatch(term -> ACROSS_PAIRS.contains(term.function()));
  }

  /** Tells how the reference's log-probabilities are summed from other ways. */
  String sums() {
    return laterTokens == 1 ? "" : " later tokens " + laterTokens;
  }

  /** What to put for the names in braces of {@code pair_losses.py}. */
  Map<String, Object> source() {
    double beta = constants.beta;
    double smoothing = constants.labelSmoothing;
    return Map.ofEntries(
        Map.entry("beta", beta),
        Map.entry("minus_beta", -beta),
        Map.entry("half_inverse_beta", 1 / (2 * beta)),
        Map.entry("label_smoothing", smoothing),
        Map.entry("minus_kept", smoothing - 1),
        Map.entry("unsmoothed", 1 - 2 * smoothing),
        Map.entry("log_kept", Math.log1p(-smoothing)),
        // Without smoothing no function looks at it.
        Map.entry("log_smoothing", smoothing == 0 ? 0.0 : Math.log(smoothing)),
        Map.entry("discopop_tau", constants.discopopTau),
        Map.entry("gamma", constants.gamma),
        Map.entry("alpha", constants.alpha),
        Map.entry("minus_alpha", -constants.alpha),
        Map.entry("divergence", constants.divergence),
        Map.entry("divergence_exponent", constants.alpha - 1),
        Map.entry("nll_weight", likelihoodWeight),
        Map.entry(
            "terms",
            terms.stream()
                .map(
                    term ->
                        "    found = torch.add(found, torch.mul((self).%s(p), %s))"
                            .formatted(term.function, term.weight))
                .collect(Collectors.joining("\n"))));
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
