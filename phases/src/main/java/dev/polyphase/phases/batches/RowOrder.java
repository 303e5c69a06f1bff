package dev.polyphase.phases.batches;

import java.util.stream.IntStream;

/**
 * The order of a phase's rows in each epoch: as they are, or shuffled anew.
 *
 * <p>The shuffle is Fisher and Yates' (from the last row down, row {@code i} is swapped with row
 * {@code r mod (i + 1)}, {@code r} unsigned), drawing {@code r} from SplitMix64 (Steele, Lea and
 * Flood, 2014), whose state begins, in epoch {@code e}, at output {@code e} of the SplitMix64 that
 * the seed starts. It is written out here so that no Java version can change the order of a run
 * that is to be resumed or repeated.
 *
 * @param shuffle whether rows are shuffled
 * @param seed the seed of the shuffle
 */
public record RowOrder(boolean shuffle, long seed) {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  /**
   * The rows of an epoch in their order.
   *
   * @param epoch the first is 0
   * @param rows how many rows there are
   * @return the indices from 0 to {@code rows - 1}
   */
  public int[] of(long epoch, int rows) {
    int[] order = IntStream.range(0, rows).toArray();
    if (!shuffle) {
      return order;
    }
    long state = mix(seed + (epoch + 1) * GAMMA);
    for (int i = rows - 1; i > 0; i--) {
      state += GAMMA;
      int j = (int) Long.remainderUnsigned(mix(state), i + 1L);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
