package dev.polyphase.pipelines;

/** How the learning rate rises from 0 at a phase's start. */
public sealed interface Warmup {

  /** The optimiser steps of the rise in a phase of {@code totalSteps}. */
  long steps(long totalSteps);

  /**
   * A number of steps.
   *
   * @param count the steps, 0 for none
   */
  record Steps(long count) implements Warmup {
    @Override
    public long steps(long totalSteps) {
      return count;
    }
  }

  /**
   * A share of the phase's steps, rounded up as Hugging Face does.
   *
   * @param share between 0 and 1
   */
  record Ratio(double share) implements Warmup {
    @Override
    public long steps(long totalSteps) {
      return (long) Math.ceil(share * totalSteps);
    }
  }
}
