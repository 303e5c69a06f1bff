package dev.polyphase.phases.optimizer;

import dev.polyphase.pipelines.LrScheduler;
import dev.polyphase.pipelines.Phase;

/**
 * The learning rate of each step, as the schedulers of {@code transformers/optimization.py} compute
 * it. Steps count from 0, so that the first step of a warm-up has a rate of 0.
 *
 * @param scheduler the course after the warm-up, which rises straight from 0 but for {@code
 *     warmup_stable_decay}
 * @param highest the rate at the end of the rise
 * @param warmupSteps the steps of the rise
 * @param totalSteps the steps of the phase
 */
public record LearningRate(
    LrScheduler scheduler, double highest, long warmupSteps, long totalSteps) {

  /** {@code inverse_sqrt} without a warm-up. */
  private static final long DEFAULT_TIMESCALE = 10_000;

  /** The rates of a phase of so many steps. */
  public static LearningRate of(Phase phase, long steps) {
    return new LearningRate(
        phase.learningRates().scheduler(),
        phase.learningRates().highest(),
        phase.learningRates().warmup().steps(steps),
        steps);
  }

  /** The rate of a step. */
  public double at(long step) {
    return highest * share(step);
  }

  private double share(long step) {
    if (scheduler instanceof LrScheduler.WarmupStableDecay stages) {
      return inStages(stages, step);
    }
    if (step < warmupSteps) {
      return (double) step / warmupSteps;
    }
    if (scheduler instanceof LrScheduler.Cosine cosine) {
      return Math.max(0, waveOf(cosine.numCycles(), done(step)));
    }
    if (scheduler instanceof LrScheduler.CosineWithMinLr cosine) {
      return Math.max(0, above(cosine.minLrRate(), waveOf(cosine.numCycles(), done(step))));
    }
    if (scheduler instanceof LrScheduler.Linear) {
      return Math.max(0, 1 - done(step));
    }
    if (scheduler instanceof LrScheduler.InverseSqrt inverse) {
      return byRoot(inverse, step);
    }
    if (scheduler instanceof LrScheduler.Polynomial polynomial) {
      return byPower(polynomial, step);
    }
    return 1; // constant and constant_with_warmup
  }

  /** The part of the phase after the warm-up that is done, 0 to 1. */
  private double done(long step) {
    return (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  }

  /** From 1 down to 0 in half a cycle. */
  private static double waveOf(double numCycles, double done) {
    return 0.5 * (1 + Math.cos(Math.PI * numCycles * 2 * done));
  }

  /** A share between a lowest one and 1. */
  private static double above(double lowest, double share) {
    return share * (1 - lowest) + lowest;
  }

  private double byRoot(LrScheduler.InverseSqrt inverse, long step) {
    long unit = inverse.timescale().orElse(warmupSteps > 0 ? warmupSteps : DEFAULT_TIMESCALE);
    return 1 / Math.sqrt((double) (step + unit - warmupSteps) / unit);
  }

  private double byPower(LrScheduler.Polynomial polynomial, long step) {
    double end = polynomial.lrEnd() / highest;
    return step > totalSteps ? end : above(end, Math.pow(1 - done(step), polynomial.power()));
  }

  private double inStages(LrScheduler.WarmupStableDecay stages, long step) {
    long decaySteps = stages.numDecaySteps();
    long stableSteps = stages.numStableSteps().orElse(totalSteps - warmupSteps - decaySteps);
    long decayStart = warmupSteps + stableSteps;
    double lowest = stages.minLrRatio();
    if (step < warmupSteps) {
      double done = (double) step / warmupSteps;
      double share =
          switch (stages.warmupType()) {
            case LINEAR -> done;
            case COSINE -> 0.5 * (1 - Math.cos(Math.PI * done));
            case ONE_MINUS_SQRT -> 1 - Math.sqrt(1 - done);
          };
      return Math.max(0, above(lowest, share));
    }
    if (step < decayStart) {
      return 1;
    }
    if (step < decayStart + decaySteps) {
      double done = (double) (step - decayStart) / decaySteps;
      double share =
          switch (stages.decayType()) {
            case LINEAR -> 1 - done;
            case COSINE -> waveOf(stages.numCycles(), done);
            case ONE_MINUS_SQRT -> 1 - Math.sqrt(done);
          };
      return Math.max(0, above(lowest, share));
    }
    return lowest;
  }
}
