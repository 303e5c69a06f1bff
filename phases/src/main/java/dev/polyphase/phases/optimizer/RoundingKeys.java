package dev.polyphase.phases.optimizer;

import dev.polyphase.phases.model.TrainedPart;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What an optimiser rounds at random by. It follows from the pipeline's seed, the step's number and
 * the parameter's name alone, so that a phase that is resumed rounds as one that never stopped.
 */
final class RoundingKeys {
  /** Keeps them from what else is drawn by the same seed. */
  private static final long STREAM = 0x526F756E64696E67L;

  private final long seed;
  private long step;

  RoundingKeys(long seed) {
    this.seed = seed ^ STREAM;
  }

  void startStep(long index) {
    step = index;
  }

  /** Two keys for each part, in their order, each of them any {@code int}. */
  long[] of(List<TrainedPart> parts) {
    long[] keys = new long[2 * parts.size()];
    for (int i = 0; i < parts.size(); i++) {
      long both = mix(mix(mix(seed) + step) + parts.get(i).name().hashCode());
      keys[2 * i] = (int) both;
      keys[2 * i + 1] = (int) (both >>> 32);
    }
    return keys;
  }

  private static long mix(long value) {
    return new SplittableRandom(value).nextLong();
  }
}
