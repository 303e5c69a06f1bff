package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Defaults;
import dev.polyphase.pipelines.LrScheduler;
import dev.polyphase.pipelines.LrScheduler.Name;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Reads {@code lr_scheduler}, {@code lr_scheduler_kwargs} and Axolotl's {@code
 * cosine_min_lr_ratio}.
 */
final class LrSchedulerReader {
  private static final Wording CURVE =
      new Wording("one of linear, cosine, 1-sqrt", Pattern.compile("linear|cosine|1-sqrt"));

  private static final String KWARGS = "lr_scheduler_kwargs";

  private final Block phase;
  private final Name name;
  private final double highest;

  private LrSchedulerReader(Block phase, Name name, double highest) {
    this.phase = phase;
    this.name = name;
    this.highest = highest;
  }

  /**
   * Reads them from a phase.
   *
   * @param highest its learning rate, 0 where that is wrong or elsewhere
   */
  static LrScheduler read(Block phase, double highest) {
    Name name = phase.choice("lr_scheduler", Name.class, Defaults.LR_SCHEDULER);
    LrSchedulerReader reader = new LrSchedulerReader(phase, name, highest);
    OptionalDouble ratio = phase.numberIfAny("cosine_min_lr_ratio", Range.SHARE);
    reader.belongsTo(phase, "cosine_min_lr_ratio", Name.COSINE, Name.COSINE_WITH_MIN_LR);
    return phase.block(KWARGS, kwargs -> reader.scheduler(kwargs, ratio));
  }

  private LrScheduler scheduler(Block kwargs, OptionalDouble cosineMinLrRatio) {
    double numCycles =
        kwargs.number("num_cycles", Range.above0(Bounds.CYCLES), Defaults.NUM_CYCLES);
    OptionalDouble minLr = kwargs.numberIfAny("min_lr", Range.from0(Bounds.RATE));
    OptionalDouble minLrRate = kwargs.numberIfAny("min_lr_rate", Range.SHARE);
    OptionalLong decaySteps = kwargs.wholeIfAny("num_decay_steps", 0, Bounds.STEPS);
    OptionalLong stableSteps = kwargs.wholeIfAny("num_stable_steps", 0, Bounds.STEPS);
    LrScheduler.Curve warmupType = curve(kwargs, "warmup_type", Defaults.WARMUP_TYPE);
    LrScheduler.Curve decayType = curve(kwargs, "decay_type", Defaults.DECAY_TYPE);
    double minLrRatio = kwargs.number("min_lr_ratio", Range.SHARE, Defaults.MIN_LR_RATIO);
    OptionalLong timescale = kwargs.wholeIfAny("timescale", 1, Bounds.STEPS);
    double lrEnd = kwargs.number("lr_end", Range.from0(Bounds.RATE), Defaults.LR_END);
    double power = kwargs.number("power", Range.above0(Bounds.EXPONENT), Defaults.POWER);
    refuseKeysOfOthers(kwargs);

    return switch (name) {
      case COSINE ->
          cosineMinLrRatio.isPresent()
              ? new LrScheduler.CosineWithMinLr(numCycles, cosineMinLrRatio.getAsDouble())
              : new LrScheduler.Cosine(numCycles);
      case LINEAR -> new LrScheduler.Linear();
      case CONSTANT -> new LrScheduler.Constant();
      case CONSTANT_WITH_WARMUP -> new LrScheduler.ConstantWithWarmup();
      case COSINE_WITH_MIN_LR ->
          new LrScheduler.CosineWithMinLr(
              numCycles, lowestRate(kwargs, minLr, minLrRate, cosineMinLrRatio));
      case WARMUP_STABLE_DECAY -> {
        if (decaySteps.isEmpty() && !kwargs.isPart()) {
          kwargs.refuse("num_decay_steps", "is missing; give the steps of the decay");
        }
        yield new LrScheduler.WarmupStableDecay(
            decaySteps.orElse(0), stableSteps, warmupType, decayType, minLrRatio, numCycles);
      }
      case INVERSE_SQRT -> new LrScheduler.InverseSqrt(timescale);
      case POLYNOMIAL -> {
        if (highest > 0 && lrEnd >= highest) {
          kwargs.refuse(
              "lr_end",
              "is %s, but the learning_rate is %s; give a number below it"
                  .formatted(lrEnd, highest));
        }
        yield new LrScheduler.Polynomial(lrEnd, power);
      }
    };
  }

  /** The lowest rate's share of the highest, which may be written in three ways. */
  private double lowestRate(
      Block kwargs,
      OptionalDouble minLr,
      OptionalDouble minLrRate,
      OptionalDouble cosineMinLrRatio) {
    long given =
        List.of(minLr, minLrRate, cosineMinLrRatio).stream()
            .filter(OptionalDouble::isPresent)
            .count();
    if (given > 1) {
      phase.refuse(
          "lr_scheduler",
          "is cosine_with_min_lr with several lowest rates; give one of min_lr, min_lr_rate and"
              + " cosine_min_lr_ratio");
    } else if (given == 0 && !kwargs.isPart()) {
      kwargs.refuse("min_lr", "is missing, and so is min_lr_rate; give one of them");
    }
    if (minLr.isPresent()) {
      if (highest > 0 && minLr.getAsDouble() > highest) {
        kwargs.refuse(
            "min_lr",
            "is %s, but the learning_rate is %s; give a number up to it"
                .formatted(minLr.getAsDouble(), highest));
      }
      return minLr.getAsDouble() / highest;
    }
    return minLrRate.orElse(cosineMinLrRatio.orElse(0));
  }

  private void refuseKeysOfOthers(Block kwargs) {
    belongsTo(kwargs, "num_cycles", Name.COSINE, Name.COSINE_WITH_MIN_LR, Name.WARMUP_STABLE_DECAY);
    belongsTo(kwargs, "min_lr", Name.COSINE_WITH_MIN_LR);
    belongsTo(kwargs, "min_lr_rate", Name.COSINE_WITH_MIN_LR);
    belongsTo(kwargs, "num_decay_steps", Name.WARMUP_STABLE_DECAY);
    belongsTo(kwargs, "num_stable_steps", Name.WARMUP_STABLE_DECAY);
    belongsTo(kwargs, "warmup_type", Name.WARMUP_STABLE_DECAY);
    belongsTo(kwargs, "decay_type", Name.WARMUP_STABLE_DECAY);
    belongsTo(kwargs, "min_lr_ratio", Name.WARMUP_STABLE_DECAY);
    belongsTo(kwargs, "timescale", Name.INVERSE_SQRT);
    belongsTo(kwargs, "lr_end", Name.POLYNOMIAL);
    belongsTo(kwargs, "power", Name.POLYNOMIAL);
  }

  /** A phase that writes its own scheduler may inherit what another one uses. */
  private void belongsTo(Block block, String key, Name... owners) {
    boolean written = block.owns(key) && (block == phase || phase.owns(KWARGS));
    boolean passedBy = phase.owns("lr_scheduler") && !written;
    if (block.holds(key) && !passedBy && !block.isPart() && !List.of(owners).contains(name)) {
      block.refuse(
          key,
          "is for %s, but the lr_scheduler is %s; remove it or change the scheduler"
              .formatted(
                  Arrays.stream(owners).map(Values::word).collect(Collectors.joining(" and ")),
                  Values.word(name)));
    }
  }

  private static LrScheduler.Curve curve(Block kwargs, String key, LrScheduler.Curve absent) {
    String word = kwargs.text(key, CURVE, absent.word());
    return Arrays.stream(LrScheduler.Curve.values())
        .filter(curve -> curve.word().equals(word))
        .findFirst()
        .orElse(absent);
  }
}
