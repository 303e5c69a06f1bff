package dev.polyphase.orchestrator.engine;

import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.SelectionRule.Budget;
import dev.polyphase.pipelines.SelectionRule.Ranking;
import java.math.BigDecimal;
import java.util.Locale;

/** A selection's rule in a few words. */
final class RuleWords {

  private RuleWords() {}

  /** As "best 25 % of each type by SNR". */
  static String of(SelectionRule rule) {
    String amount =
        amount(rule.budget())
            + (rule.ranking() == Ranking.GLOBAL ? " of all modules" : " of each type");
    return switch (rule.mode()) {
      case TOP -> "best " + amount + " by " + metric(rule);
      case BOTTOM -> "worst " + amount + " by " + metric(rule);
      case RANDOM -> "random " + amount;
      case ALL -> "all modules";
    };
  }

  private static String metric(SelectionRule rule) {
    return switch (rule.metric()) {
      case SNR -> "SNR";
      case SNR_MP -> "SNR (Marchenko-Pastur)";
      case STABLE_RANK -> "stable rank";
      case ALPHA -> "alpha";
      case EFFECTIVE_RANK -> "effective rank";
    };
  }

  private static String amount(Budget budget) {
    if (budget instanceof Budget.Percent share) {
      String percent = BigDecimal.valueOf(share.percent()).stripTrailingZeros().toPlainString();
      return percent + (share.of() == Budget.Of.PARAMETERS ? " % of the parameters" : " %");
    }
    if (budget instanceof Budget.MaxParameters most) {
      return String.format(Locale.ROOT, "%,d parameters", most.parameters());
    }
    return "until the largest fall";
  }
}
