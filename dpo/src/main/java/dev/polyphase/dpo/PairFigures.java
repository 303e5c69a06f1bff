package dev.polyphase.dpo;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The sums over pairs that preference phases log, by TRL's names. Rewards are {@code beta} times
 * the log-ratio of policy and reference; a pair counts as accurate where the chosen reward is
 * strictly the higher one ({@code trl/trainer/dpo_trainer.py}).
 */
final class PairFigures {
  private double chosenRewards;
  private double rejectedRewards;
  private double margins;
  private double accuratePairs;
  private double chosenLogps;
  private double rejectedLogps;

  /** Adds a pair's summed log-probabilities under policy and reference. */
  void add(double beta, PairLogProbs policy, PairLogProbs reference) {
    double chosen = beta * (policy.chosen() - reference.chosen());
    double rejected = beta * (policy.rejected() - reference.rejected());
    chosenRewards += chosen;
    rejectedRewards += rejected;
    margins += chosen - rejected;
    accuratePairs += chosen > rejected ? 1 : 0;
    chosenLogps += policy.chosen();
    rejectedLogps += policy.rejected();
  }

  Map<String, Double> sums() {
    Map<String, Double> sums = new LinkedHashMap<>();
    sums.put("rewards/chosen", chosenRewards);
    sums.put("rewards/rejected", rejectedRewards);
    sums.put("rewards/margins", margins);
    sums.put("rewards/accuracies", accuratePairs);
    sums.put("logps/chosen", chosenLogps);
    sums.put("logps/rejected", rejectedLogps);
    return sums;
  }
}
