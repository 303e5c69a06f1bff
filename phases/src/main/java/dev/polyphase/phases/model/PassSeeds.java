package dev.polyphase.phases.model;

import java.util.SplittableRandom;

/**
 * A seed for each forward pass of a phase. It follows from the phase's seed, the optimiser step and
 * the pass within the step alone, so that a phase that is run again draws the same.
 */
final class PassSeeds {
  private final long seed;
  private long step;
  private long pass;

  PassSeeds(long seed) {
    this.seed = seed;
  }

  void startStep(long index) {
    step = index;
    pass = 0;
  }

  /** The seed of the next forward pass of this step, not negative. */
  long next() {
    pass++;
    return mix(mix(mix(seed) + step) + pass);
  }

  /** Another seed that follows from this one, not negative. */
  static long mix(long seed) {
    return new SplittableRandom(seed).nextLong() >>> 1;
  }
}
