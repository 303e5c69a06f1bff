package dev.polyphase.pipelines.language;

import static dev.polyphase.pipelines.language.ValueTypes.number;

import dev.polyphase.pipelines.Key;
import dev.polyphase.pipelines.LrScheduler;
import dev.polyphase.pipelines.LrScheduler.Curve;
import dev.polyphase.pipelines.LrScheduler.Name;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The keys that say how the learning rate goes. */
record LrSchedulerKeys(
    @Key(
            means =
                "its course: `linear`, `constant`, `constant_with_warmup`, `cosine_with_min_lr`,"
                    + " `warmup_stable_decay`, `inverse_sqrt`, `polynomial`",
            absent = "cosine",
            also = "lr_scheduler_type")
        Name lrScheduler,
    @Key(name = KWARGS, means = "the scheduler's settings, by the names of Hugging Face")
        Kwargs kwargs,
    @Key(means = "Axolotl's name of `min_lr_rate`, for `cosine` too", from = 0, to = 1)
        OptionalDouble cosineMinLrRatio) {

  static final Shape<LrScheduler> SHAPE =
      Shape.of(LrSchedulerKeys.class, LrSchedulerKeys::scheduler, LrSchedulerKeys::write);

  private static final String KWARGS = "lr_scheduler_kwargs";

  /** The settings of all schedulers. */
  private record Kwargs(
      @Key(
              means = "waves of `cosine`, `cosine_with_min_lr`, and of a decay along a cosine",
              absent = "0.5",
              above = 0,
              to = 1e6)
          double numCycles,
      @Key(
              means = "the lowest rate of `cosine_with_min_lr`, which needs this or the next",
              from = 0,
              to = Key.RATE,
              rival = "min_lr_rate")
          OptionalDouble minLr,
      @Key(means = "the same as a share of `learning_rate`", from = 0, to = 1)
          OptionalDouble minLrRate,
      @Key(
              means = "the steps in which `warmup_stable_decay` falls, which needs it",
              from = 0,
              to = Key.STEPS)
          OptionalLong numDecaySteps,
      @Key(
              means =
                  "its steps at the highest rate; what the others leave of the phase where it stays"
                      + " away",
              from = 0,
              to = Key.STEPS)
          OptionalLong numStableSteps,
      @Key(means = "its rise: `linear`, `cosine`, `1-sqrt`", absent = "linear") Curve warmupType,
      @Key(means = "its fall: `linear`, `cosine`, `1-sqrt`", absent = "cosine") Curve decayType,
      @Key(
              means = "the share of `learning_rate` from which it rises and to which it falls",
              absent = "0",
              from = 0,
              to = 1)
          double minLrRatio,
      @Key(
              means =
                  "of `inverse_sqrt`: the steps of its unit; those of the warm-up, or 10,000, where"
                      + " it stays away",
              from = 1,
              to = Key.STEPS)
          OptionalLong timescale,
      @Key(
              means = "the last rate of `polynomial`, below `learning_rate`",
              absent = "1e-7",
              from = 0,
              to = Key.RATE)
          double lrEnd,
      @Key(means = "its exponent", absent = "1", above = 0, to = 1000) double power) {}

  private LrScheduler scheduler(Block phase) {
    double highest = (double) phase.value("learning_rate");
    Block block = phase.within(KWARGS);
    refuseKeysOfOthers(phase, block);

    return switch (lrScheduler) {
      case COSINE ->
          cosineMinLrRatio.isPresent()
              ? new LrScheduler.CosineWithMinLr(kwargs.numCycles, cosineMinLrRatio.getAsDouble())
              : new LrScheduler.Cosine(kwargs.numCycles);
      case LINEAR -> new LrScheduler.Linear();
      case CONSTANT -> new LrScheduler.Constant();
      case CONSTANT_WITH_WARMUP -> new LrScheduler.ConstantWithWarmup();
      case COSINE_WITH_MIN_LR ->
          new LrScheduler.CosineWithMinLr(kwargs.numCycles, lowestRate(phase, block, highest));
      case WARMUP_STABLE_DECAY -> {
        if (kwargs.numDecaySteps.isEmpty()) {
          block.refuseMissing("num_decay_steps", "the steps of the decay");
        }
        yield new LrScheduler.WarmupStableDecay(
            kwargs.numDecaySteps.orElse(0),
            kwargs.numStableSteps,
            kwargs.warmupType,
            kwargs.decayType,
            kwargs.minLrRatio,
            kwargs.numCycles);
      }
      case INVERSE_SQRT -> new LrScheduler.InverseSqrt(kwargs.timescale);
      case POLYNOMIAL -> {
        if (highest > 0 && kwargs.lrEnd >= highest) {
          block.refuse(
              "lr_end",
              "is %s, but the learning_rate is %s; give a number below it"
                  .formatted(kwargs.lrEnd, highest));
        }
        yield new LrScheduler.Polynomial(kwargs.lrEnd, kwargs.power);
      }
    };
  }

  /** The lowest rate's share of the highest, which may be written in three ways. */
  private double lowestRate(Block phase, Block block, double highest) {
    OptionalDouble minLr = kwargs.minLr;
    long given =
        Stream.of(minLr, kwargs.minLrRate, cosineMinLrRatio)
            .filter(OptionalDouble::isPresent)
            .count();
    if (given > 1) {
      phase.refuse(
          "lr_scheduler",
          "is cosine_with_min_lr with several lowest rates; give one of min_lr, min_lr_rate and"
              + " cosine_min_lr_ratio");
    } else if (given == 0 && !block.isPart()) {
      block.refuse("min_lr", "is missing, and so is min_lr_rate; give one of them");
    }
    if (minLr.isPresent()) {
      if (highest > 0 && minLr.getAsDouble() > highest) {
        block.refuse(
            "min_lr",
            "is %s, but the learning_rate is %s; give a number up to it"
                .formatted(minLr.getAsDouble(), highest));
      }
      return minLr.getAsDouble() / highest;
    }
    return kwargs.minLrRate.orElse(cosineMinLrRatio.orElse(0));
  }

  private void refuseKeysOfOthers(Block phase, Block block) {
    belongsTo(phase, phase, "cosine_min_lr_ratio", Name.COSINE, Name.COSINE_WITH_MIN_LR);
    belongsTo(
        phase, block, "num_cycles", Name.COSINE, Name.COSINE_WITH_MIN_LR, Name.WARMUP_STABLE_DECAY);
    belongsTo(phase, block, "min_lr", Name.COSINE_WITH_MIN_LR);
    belongsTo(phase, block, "min_lr_rate", Name.COSINE_WITH_MIN_LR);
    belongsTo(phase, block, "num_decay_steps", Name.WARMUP_STABLE_DECAY);
    belongsTo(phase, block, "num_stable_steps", Name.WARMUP_STABLE_DECAY);
    belongsTo(phase, block, "warmup_type", Name.WARMUP_STABLE_DECAY);
    belongsTo(phase, block, "decay_type", Name.WARMUP_STABLE_DECAY);
    belongsTo(phase, block, "min_lr_ratio", Name.WARMUP_STABLE_DECAY);
    belongsTo(phase, block, "timescale", Name.INVERSE_SQRT);
    belongsTo(phase, block, "lr_end", Name.POLYNOMIAL);
    belongsTo(phase, block, "power", Name.POLYNOMIAL);
  }

  /** A phase that writes its own scheduler may inherit what another one uses. */
  private void belongsTo(Block phase, Block block, String key, Name... owners) {
    boolean written = block.owns(key) && (block == phase || phase.owns(KWARGS));
    boolean passedBy = phase.owns("lr_scheduler") && !written;
    if (block.holds(key)
        && !passedBy
        && !block.isPart()
        && !List.of(owners).contains(lrScheduler)) {
      block.refuse(
          key,
          "is for %s, but the lr_scheduler is %s; remove it or change the scheduler"
              .formatted(
                  Arrays.stream(owners).map(Words::of).collect(Collectors.joining(" and ")),
                  Words.of(lrScheduler)));
    }
  }

  private static void write(LrScheduler scheduler, Map<String, Object> phase) {
    phase.put("lr_scheduler", Words.of(scheduler.name()));
    Map<String, Object> settings = settings(scheduler);
    if (!settings.isEmpty()) {
      phase.put(KWARGS, settings);
    }
  }

  private static Map<String, Object> settings(LrScheduler scheduler) {
    Map<String, Object> keys = new LinkedHashMap<>();
    if (scheduler instanceof LrScheduler.Cosine cosine) {
      keys.put("num_cycles", number(cosine.numCycles()));
    } else if (scheduler instanceof LrScheduler.CosineWithMinLr cosine) {
      keys.put("num_cycles", number(cosine.numCycles()));
      keys.put("min_lr_rate", number(cosine.minLrRate()));
    } else if (scheduler instanceof LrScheduler.WarmupStableDecay stable) {
      keys.put("num_decay_steps", stable.numDecaySteps());
      stable.numStableSteps().ifPresent(steps -> keys.put("num_stable_steps", steps));
      keys.put("warmup_type", Words.of(stable.warmupType()));
      keys.put("decay_type", Words.of(stable.decayType()));
      keys.put("min_lr_ratio", number(stable.minLrRatio()));
      keys.put("num_cycles", number(stable.numCycles()));
    } else if (scheduler instanceof LrScheduler.InverseSqrt inverse) {
      inverse.timescale().ifPresent(steps -> keys.put("timescale", steps));
    } else if (scheduler instanceof LrScheduler.Polynomial polynomial) {
      keys.put("lr_end", number(polynomial.lrEnd()));
      keys.put("power", number(polynomial.power()));
    }
    return keys;
  }
}
