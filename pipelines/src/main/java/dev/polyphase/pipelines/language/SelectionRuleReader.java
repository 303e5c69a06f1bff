package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Defaults;
import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.SelectionRule.Budget;
import dev.polyphase.pipelines.SelectionRule.Mode;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Reads the keys of {@code targeting} that say how modules are ranked and how many are taken. */
final class SelectionRuleReader {
  /** The word that stands for a number of percent. */
  static final String ADAPTIVE = "adaptive";

  /** All keys that it reads. */
  static final List<String> KEYS =
      List.of(
          "top_percent",
          "top_percent_of",
          "max_trainable_parameters",
          "profile",
          "metric",
          "mode",
          "ranking");

  private static final List<String> KEYS_OF_A_PART =
      List.of("top_percent", "top_percent_of", "max_trainable_parameters", "ranking");

  private SelectionRuleReader() {}

  static SelectionRule read(Block targeting) {
    Mode mode = targeting.choice("mode", Mode.class, Defaults.MODE);
    return new SelectionRule(
        targeting.choice("profile", SelectionRule.Profile.class, Defaults.PROFILE),
        targeting.choice("metric", SelectionRule.Metric.class, Defaults.METRIC),
        mode,
        targeting.choice("ranking", SelectionRule.Ranking.class, Defaults.RANKING),
        mode == Mode.ALL ? everything(targeting) : part(targeting, mode));
  }

  /** A phase may inherit a budget and take everything, but not write one. */
  private static Budget everything(Block targeting) {
    for (String key : KEYS_OF_A_PART) {
      if (targeting.owns(key)) {
        targeting.refuse(
            key, "has no effect, since the mode is all; remove it or take another mode");
      }
    }
    return new Budget.Everything();
  }

  private static Budget part(Block targeting, Mode mode) {
    Budget.Of of = targeting.choice("top_percent_of", Budget.Of.class, Defaults.TOP_PERCENT_OF);
    OptionalLong most = targeting.wholeIfAny("max_trainable_parameters", 1, Bounds.TOKENS);
    if (most.isPresent()) {
      if (targeting.holds("top_percent")) {
        targeting.refuse(
            "max_trainable_parameters", "stands beside top_percent; remove one of them");
      }
      refuseShare(targeting, "max_trainable_parameters is given");
      return new Budget.MaxParameters(most.getAsLong());
    }
    OptionalDouble percent = targeting.numberOrWord("top_percent", Range.PERCENT, ADAPTIVE);
    if (percent.isPresent()) {
      return new Budget.Percent(percent.getAsDouble(), of);
    }
    if (mode == Mode.RANDOM) {
      targeting.refuse(
          "top_percent",
          "is adaptive, which follows the metric, but the mode is random; give a number");
    }
    refuseShare(targeting, "top_percent is adaptive");
    return new Budget.Adaptive();
  }

  private static void refuseShare(Block targeting, String reason) {
    if (targeting.owns("top_percent_of")) {
      targeting.refuse(
          "top_percent_of", "has no effect, since %s; remove one of them".formatted(reason));
    }
  }
}
