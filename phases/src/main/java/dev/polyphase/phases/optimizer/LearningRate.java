package dev.polyphase.phases.optimizer;

import dev.polyphase.pipelines.LrScheduler;

/**
 * The learning rate of each step, as the schedulers of {@code transformers/optimization.py} compute
 * it: a linear rise from 0, then the scheduler's course.
 *
 * @param scheduler the course
 * @param highest the rate at the end of the rise
 * @param warmupSteps the steps of the rise
 * @param totalSteps the steps of the phase
 */
public record LearningRate(
    LrScheduler scheduler, double highest, long warmupSteps, long totalSteps) {

  /** The rate of a step, counted from 0. */
  public double at(long step) {
    if (step < warmupSteps) {
      return highest * step / warmupSteps;
    }
    double done = (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
    return switch (scheduler) {
      case COSINE -> highest * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * done)));
      case LINEAR -> highest * Math.max(0, 1 - done);
      case CONSTANT, CONSTANT_WITH_WARMUP -> highest;
      case COSINE_WITH_MIN_LR, WARMUP_STABLE_DECAY, INVERSE_SQRT, POLYNOMIAL ->
          throw new IllegalArgumentException(scheduler + " is not implemented");
    };
  }

  /** Whether a course is implemented. */
  public static boolean implemented(LrScheduler scheduler) {
    return switch (scheduler) {
      case COSINE, LINEAR, CONSTANT, CONSTANT_WITH_WARMUP -> true;
      case COSINE_WITH_MIN_LR, WARMUP_STABLE_DECAY, INVERSE_SQRT, POLYNOMIAL -> false;
    };
  }
}
