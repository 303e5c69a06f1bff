package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Key;
import dev.polyphase.pipelines.ParameterMatch;
import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.SelectionRule.Budget;
import dev.polyphase.pipelines.SelectionRule.Mode;
import dev.polyphase.pipelines.Targeting;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The keys of {@code targeting}.
 *
 * @param alwaysTrain of no effect but for {@code snr}, and accepted with any method: scripts pass
 *     it everywhere
 */
record TargetingKeys(
    @Key(means = "`snr`, `parameters` or `full`", absent = "snr") Method method,
    RuleKeys rule,
    @Key(
            means =
                "what to rank, for `snr`: `projections` (the seven of attention and MLP, or what"
                    + " the model has in their place, all experts' matrices of a projection"
                    + " together), module types (`*` in one is any number, as in"
                    + " `mlp.experts.*.up_proj`), `re:` and a regular expression found in modules'"
                    + " names, or `all`",
            absent = "[" + Targeting.MODEL_PROJECTIONS + "]",
            wanted = "module types, as self_attn.q_proj, projections, re:REGEX or all")
        List<String> modules,
    @Key(
            means =
                "modules trained whatever their rank, for `snr`; none beside an adapter, unless it"
                    + " is written",
            absent = "[lm_head, embed_tokens]",
            items = 0,
            wanted = "modules, as lm_head")
        List<String> alwaysTrain,
    @Key(
            means =
                "patterns of parameter names, with ranges of rows (`NAME[:32000]`), for"
                    + " `parameters`",
            required = true,
            wanted = PATTERNS)
        Optional<List<String>> unfrozenParameters,
    @Key(
            means =
                "how patterns match: `axolotl`, `exact` (whole names), or `regex` (Python's, found"
                    + " anywhere, without ranges)",
            absent = "axolotl")
        ParameterMatch match) {

  static final Shape<Targeting> SHAPE =
      Shape.of(TargetingKeys.class, TargetingKeys::targeting, TargetingKeys::write);

  private static final String PATTERNS = "patterns of parameter names";
  private static final String PERCENT = "a number of at least 0.0001 and at most 100";

  /** The ways to choose weights. */
  private enum Method {
    SNR,
    PARAMETERS,
    FULL
  }

  /** How modules are ranked and how many are taken, for {@code snr}. */
  private record RuleKeys(
      @Key(
              means =
                  "of each module type, or `adaptive`: up to the largest fall of the metric within"
                      + " the better half; for `snr`",
              required = true,
              from = Budget.LEAST_PERCENT,
              to = 100,
              wanted = PERCENT,
              rival = "max_trainable_parameters")
          Optional<Budget> topPercent,
      @Key(means = "what the percentage counts: `modules` or `parameters`", absent = "modules")
          Budget.Of topPercentOf,
      @Key(
              means =
                  "instead of `top_percent`: the most parameters to choose, `always_train` not"
                      + " counted; each type has its share of them",
              from = 1,
              to = Key.TOKENS)
          OptionalLong maxTrainableParameters,
      @Key(
              means =
                  "`spectrum`: the published scanner's current code in everything; `robust`: ratios"
                      + " of finite weights are finite, and a percentage takes at least one module"
                      + " of each type",
              absent = "spectrum")
          SelectionRule.Profile profile,
      @Key(
              means =
                  "what modules are ranked by: `snr`, `snr_mp`, `stable_rank`, `alpha` or"
                      + " `effective_rank`",
              absent = "snr")
          SelectionRule.Metric metric,
      @Key(
              means =
                  "`top`, or as controls `bottom`, `random` (the same for the same seed and phase's"
                      + " name) and `all`",
              absent = "top")
          Mode mode,
      @Key(
              means = "`per_type`, or `global`: all modules share one ranking and one budget",
              absent = "per_type")
          SelectionRule.Ranking ranking) {

    SelectionRule rule(Block targeting) {
      Budget budget = mode == Mode.ALL ? everything(targeting) : part(targeting);
      return new SelectionRule(profile, metric, mode, ranking, budget);
    }

    /** A phase may inherit a budget and take everything, but not write one. */
    private static Budget everything(Block targeting) {
      for (String key :
          List.of("top_percent", "top_percent_of", "max_trainable_parameters", "ranking")) {
        if (targeting.owns(key)) {
          targeting.refuse(
              key, "has no effect, since the mode is all; remove it or take another mode");
        }
      }
      return new Budget.Everything();
    }

    private Budget part(Block targeting) {
      if (maxTrainableParameters.isPresent()) {
        if (topPercent.isPresent()) {
          targeting.refuse(
              "max_trainable_parameters", "stands beside top_percent; remove one of them");
        }
        refuseShare(targeting, "max_trainable_parameters is given");
        return new Budget.MaxParameters(maxTrainableParameters.getAsLong());
      }
      if (topPercent.isEmpty()) {
        targeting.refuseMissing("top_percent", PERCENT + ", or adaptive");
      }
      if (topPercent.isEmpty() || topPercent.get() instanceof Budget.Percent) {
        double percent = topPercent.map(budget -> ((Budget.Percent) budget).percent()).orElse(0.0);
        return new Budget.Percent(percent, topPercentOf);
      }
      if (mode == Mode.RANDOM) {
        targeting.refuse(
            "top_percent",
            "is adaptive, which follows the metric, but the mode is random; give a number");
      }
      refuseShare(targeting, "top_percent is adaptive");
      return topPercent.get();
    }

    private static void refuseShare(Block targeting, String reason) {
      if (targeting.owns("top_percent_of")) {
        targeting.refuse(
            "top_percent_of", "has no effect, since %s; remove one of them".formatted(reason));
      }
    }

    static void write(SelectionRule rule, Map<String, Object> targeting) {
      if (rule.budget() instanceof Budget.Percent percent) {
        targeting.put("top_percent", ValueTypes.number(percent.percent()));
        targeting.put("top_percent_of", Words.of(percent.of()));
      } else if (rule.budget() instanceof Budget.MaxParameters most) {
        targeting.put("max_trainable_parameters", most.parameters());
      } else if (rule.budget() instanceof Budget.Adaptive) {
        targeting.put("top_percent", "adaptive");
      }
      targeting.put("profile", Words.of(rule.profile()));
      targeting.put("metric", Words.of(rule.metric()));
      targeting.put("mode", Words.of(rule.mode()));
      if (rule.mode() != Mode.ALL) {
        targeting.put("ranking", Words.of(rule.ranking()));
      }
    }
  }

  private Targeting targeting(Block block) {
    refuseKeysOfOthers(block);
    return switch (method) {
      case SNR -> new Targeting.Snr(rule.rule(block), modules, alwaysTrain);
      case PARAMETERS -> {
        if (unfrozenParameters.isEmpty()) {
          block.refuseMissing("unfrozen_parameters", "a list of " + PATTERNS);
        }
        yield new Targeting.Parameters(unfrozenParameters.orElse(List.of()), match);
      }
      case FULL -> new Targeting.Full();
    };
  }

  /** A phase may inherit what another method uses, but not write it. */
  private void refuseKeysOfOthers(Block targeting) {
    for (DeclaredKey<?> key : Shape.of(RuleKeys.class).keys()) {
      belongsTo(Method.SNR, key.name(), targeting);
    }
    belongsTo(Method.SNR, "modules", targeting);
    belongsTo(Method.PARAMETERS, "unfrozen_parameters", targeting);
    belongsTo(Method.PARAMETERS, "match", targeting);
  }

  private void belongsTo(Method owner, String key, Block targeting) {
    if (targeting.owns(key) && method != owner && !targeting.isPart()) {
      targeting.refuse(
          key,
          "is for method %s, but the method is %s; write method: %1$s or remove it"
              .formatted(Words.of(owner), Words.of(method)));
    }
  }

  private static void write(Targeting targeting, Map<String, Object> keys) {
    if (targeting instanceof Targeting.Snr snr) {
      keys.put("method", Words.of(Method.SNR));
      RuleKeys.write(snr.rule(), keys);
      keys.put("modules", snr.modules());
      keys.put("always_train", snr.alwaysTrain());
    } else if (targeting instanceof Targeting.Parameters parameters) {
      keys.put("method", Words.of(Method.PARAMETERS));
      keys.put("unfrozen_parameters", parameters.unfrozenParameters());
      keys.put("match", Words.of(parameters.match()));
    } else {
      keys.put("method", Words.of(Method.FULL));
    }
  }
}
