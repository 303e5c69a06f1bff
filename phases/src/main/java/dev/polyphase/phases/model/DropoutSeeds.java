package dev.polyphase.phases.model;

/**
 * The seeds of what adapters drop. Each follows from its pass's and the place in the model alone: a
 * block that is computed again drops the same.
 */
final class DropoutSeeds {
  /** Nothing is dropped. */
  static final long NONE = -1;

  private final boolean drops;
  private final PassSeeds passes;

  DropoutSeeds(Adapters adapters) {
    this.drops = adapters.dropout() > 0;
    this.passes = new PassSeeds(adapters.seed());
  }

  /** Whether anything is dropped. */
  boolean drop() {
    return drops;
  }

  void startStep(long index) {
    passes.startStep(index);
  }

  /** The seed of the next forward pass of this step, not negative unless nothing is dropped. */
  long next() {
    return drops ? passes.next() : NONE;
  }

  /** The seed of a place in the model in a pass. */
  static long at(long passSeed, long place) {
    return passSeed == NONE ? NONE : PassSeeds.mix(passSeed + place);
  }
}
