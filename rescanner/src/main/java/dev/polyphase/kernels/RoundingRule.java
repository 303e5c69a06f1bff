package dev.polyphase.kernels;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** How values become those of a {@link Precision} with fewer bits. */
public sealed interface RoundingRule {
  /** To the nearest value, of two the even one. */
  RoundingRule NEAREST = new Nearest();

  /** To the nearest value, of two the even one. */
  record Nearest() implements RoundingRule {}

  /**
   * To one of the two values around, with chances that make the expected value the exact one (Gupta
   * et al. 2015, section 3): changes of less than half the distance between two values, which the
   * nearest would lose, are kept in the mean. What a precision holds exactly stays. What decides is
   * a hash of seed, name and the value's place: the same each time, on any device.
   *
   * @param seed any number
   * @param tensor the name of the tensor whose values are rounded: no two are rounded alike
   */
  record Stochastic(long seed, String tensor) implements RoundingRule {

    /** What {@code by_chance} in tensors.py takes for the values from a place on. */
    long[] keys(long place) {
      // Places are counted in 32 bits; of a tensor that has more of them, each 2^32 have other
      // keys.
      String text = seed + " " + (place >>> 32) + " " + tensor;
      ByteBuffer digest = ByteBuffer.wrap(sha256(text.getBytes(StandardCharsets.UTF_8)));
      int factor = digest.getInt() | 1;
      return new long[] {factor, factor * (int) place + digest.getInt()};
    }

    private static byte[] sha256(byte[] bytes) {
      try {
        return MessageDigest.getInstance("SHA-256").digest(bytes);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java has SHA-256", e);
      }
    }
  }
}
