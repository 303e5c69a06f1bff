package dev.polyphase.phases.model;

import java.util.SplittableRandom;

/**
 * The seeds of what adapters drop. Each follows from the phase's seed, the optimiser step, the
 * forward pass within the step and the place in the model alone: a block that is computed again
 * drops the same, and so does a phase that is run again.
 */
final class DropoutSeeds {
  /** Nothing is dropped. */
  static final long NONE = -1;

  private final Adapters adapters;
  private long step;
  private long pass;

  DropoutSeeds(Adapters adapters) {
    this.adapters = adapters;
  }

  void startStep(long index) {
    step = index;
    pass = 0;
  }

  /** The seed of the next forward pass of this step, not negative unless nothing is dropped. */
  long next() {
    if (adapters.dropout() == 0) {
      return NONE;
    }
    pass++;
    return mix(mix(mix(adapters.seed()) + step) + pass);
  }

  /** The seed of a place in the model in a pass. */
  static long at(long passSeed, long place) {
    return passSeed == NONE ? NONE : mix(passSeed + place);
  }

  private static long mix(long seed) {
    return new SplittableRandom(seed).nextLong() >>> 1;
  }
}
