package dev.polyphase.pipelines;

import java.util.OptionalLong;

/**
 * The learning rate's course, as Hugging Face's {@code optimization.py} computes it, with the
 * settings that it calls {@code lr_scheduler_kwargs}.
 */
public sealed interface LrScheduler {

  /** Which course it is. */
  Name name();

  /** The courses, by their names in {@code lr_scheduler}. */
  enum Name {
    COSINE,
    LINEAR,
    CONSTANT,
    CONSTANT_WITH_WARMUP,
    COSINE_WITH_MIN_LR,
    WARMUP_STABLE_DECAY,
    INVERSE_SQRT,
    POLYNOMIAL
  }

  /**
   * Along a cosine down to 0.
   *
   * @param numCycles waves; half a one ends at 0
   */
  record Cosine(double numCycles) implements LrScheduler {
    @Override
    public Name name() {
      return Name.COSINE;
    }
  }

  /** Straight down to 0. */
  record Linear() implements LrScheduler {
    @Override
    public Name name() {
      return Name.LINEAR;
    }
  }

  /** Always the highest rate. */
  record Constant() implements LrScheduler {
    @Override
    public Name name() {
      return Name.CONSTANT;
    }
  }

  /** The highest rate after the warm-up. */
  record ConstantWithWarmup() implements LrScheduler {
    @Override
    public Name name() {
      return Name.CONSTANT_WITH_WARMUP;
    }
  }

  /**
   * Along a cosine down to a share of the highest rate.
   *
   * @param numCycles waves; half a one ends at the lowest rate
   * @param minLrRate the lowest rate's share of the highest
   */
  record CosineWithMinLr(double numCycles, double minLrRate) implements LrScheduler {
    @Override
    public Name name() {
      return Name.COSINE_WITH_MIN_LR;
    }
  }

  /**
   * A rise, a time at the highest rate, and a fall.
   *
   * @param numDecaySteps the steps of the fall
   * @param numStableSteps the steps at the highest rate; empty for what the others leave
   * @param warmupType the rise's curve
   * @param decayType the fall's curve
   * @param minLrRatio where the rise begins and the fall ends, as a share of the highest rate
   * @param numCycles waves of a fall along a cosine; half a one ends at the lowest rate
   */
  record WarmupStableDecay(
      long numDecaySteps,
      OptionalLong numStableSteps,
      Curve warmupType,
      Curve decayType,
      double minLrRatio,
      double numCycles)
      implements LrScheduler {
    @Override
    public Name name() {
      return Name.WARMUP_STABLE_DECAY;
    }
  }

  /** How {@link WarmupStableDecay} rises and falls. */
  enum Curve {
    LINEAR,
    COSINE,
    @Word("1-sqrt")
    ONE_MINUS_SQRT
  }

  /**
   * By the root of the steps that are done.
   *
   * @param timescale the steps after which the rate would have fallen to {@code 1 / sqrt(2)}; empty
   *     for those of the warm-up, or 10,000 where there is none
   */
  record InverseSqrt(OptionalLong timescale) implements LrScheduler {
    @Override
    public Name name() {
      return Name.INVERSE_SQRT;
    }
  }

  /**
   * By a power of the share of the steps that are left.
   *
   * @param lrEnd the rate at the end, in itself and not as a share
   * @param power the exponent; 1 is straight
   */
  record Polynomial(double lrEnd, double power) implements LrScheduler {
    @Override
    public Name name() {
      return Name.POLYNOMIAL;
    }
  }
}
