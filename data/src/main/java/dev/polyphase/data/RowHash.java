package dev.polyphase.data;

import java.util.List;

/**
 * 64 bits of a row, to find rows that may be equal: each number is mixed in by the end of
 * SplitMix64 (Steele, Lea and Flood 2014), so that a single other token changes about half of them.
 */
public final class RowHash {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  private RowHash() {}

  /** Of several lists of numbers, their lengths included. */
  public static long of(List<int[]> arrays) {
    long hash = GAMMA;
    for (int[] array : arrays) {
      hash = mix(hash + GAMMA ^ array.length);
      for (int number : array) {
        hash = mix(hash + GAMMA ^ number);
      }
    }
    return hash;
  }

  /** Of parts of which each has a hash already. */
  public static long of(long first, long second) {
    return mix(mix(first + GAMMA) ^ second);
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
