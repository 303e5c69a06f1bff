package dev.polyphase.dpo;

import dev.polyphase.phases.objective.Mean;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What preference phases log of pairs, by TRL's names ({@code trl/trainer/dpo_trainer.py}). A pair
 * counts as accurate where the chosen completion's reward is strictly the higher one; pairs whose
 * rewards are equal are counted apart.
 */
final class PairFigures {
  private final LossProgram program;
  private final Map<String, Mean> means = new LinkedHashMap<>();
  private RewardWatch.Sums sums = RewardWatch.Sums.NONE;

  PairFigures(LossProgram program) {
    this.program = program;
  }

  /** A completion's figures. */
  record Completion(double logps, double reference, double tokens, double meanLogitsSum) {}

  /**
   * Adds a pair.
   *
   * @return the margin of its rewards
   */
  double add(Completion chosen, Completion rejected) {
    LossProgram.Rewards rewards = program.rewards();
    double ofChosen = reward(rewards, chosen);
    double ofRejected = reward(rewards, rejected);
    sums =
        sums.plus(
            RewardWatch.Sums.of(
                ofChosen, ofRejected, chosen.logps - chosen.reference, chosen.tokens));
    add("rewards/chosen", ofChosen, 1);
    add("rewards/rejected", ofRejected, 1);
    add("rewards/margins", ofChosen - ofRejected, 1);
    add("rewards/accuracies", ofChosen > ofRejected ? 1 : 0, 1);
    add("rewards/ties", ofChosen == ofRejected ? 1 : 0, 1);
    add("logps/chosen", rewards.logps(chosen.logps, chosen.tokens), 1);
    add("logps/rejected", rewards.logps(rejected.logps, rejected.tokens), 1);
    add("logits/chosen", chosen.meanLogitsSum, chosen.tokens);
    add("logits/rejected", rejected.meanLogitsSum, rejected.tokens);
    if (program.likelihood() == LossProgram.Likelihood.CHOSEN_WITH_PROMPT) {
      double odds = logOdds(chosen) - logOdds(rejected);
      add("log_odds_ratio", -softplus(-odds), 1);
      add("log_odds_chosen", odds, 1);
    }
    return ofChosen - ofRejected;
  }

  /** Adds the negative log-likelihood of some tokens. */
  void addLikelihood(double sum, double tokens) {
    add("nll_loss", sum, tokens);
  }

  /** The pairs, added up. */
  RewardWatch.Sums sums() {
    return sums;
  }

  Map<String, Mean> means() {
    return means;
  }

  private static double reward(LossProgram.Rewards rewards, Completion completion) {
    return rewards.of(completion.logps, completion.reference, completion.tokens);
  }

  private void add(String name, double sum, double weight) {
    means.merge(name, new Mean(sum, weight), Mean::plus);
  }

  /** Of a completion whose probability is the geometric mean of its tokens'. */
  private static double logOdds(Completion completion) {
    double mean = completion.logps / completion.tokens;
    return mean - Math.log(-Math.expm1(mean));
  }

  /** {@code log(1 + exp(x))}, without overflow. */
  private static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }
}
