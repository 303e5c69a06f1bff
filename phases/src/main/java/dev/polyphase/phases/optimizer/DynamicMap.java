package dev.polyphase.phases.optimizer;

import java.util.Arrays;

/**
 * The 256 values from -1 or 0 to 1 that 8 bits stand for: the dynamic tree data type of Dettmers
 * 2016 ("8-bit approximations for parallelism in deep learning"), as Dettmers et al. 2022 use it
 * for optimiser states. There is a decade for each number of leading zeros of the code, 0 to 6;
 * what is left of the bits cuts the decade into equal parts, whose middles are the values. So the
 * largest decade has the finest parts, and seven decades are spanned. 0 and 1 are added.
 */
final class DynamicMap {
  private static final int DECADES = 7;

  /** Steps of {@link #nearest} on each side of 0. */
  static final int STEPS = 1 << 14;

  private DynamicMap() {}

  /** From nearly -1 to 1, ascending: the first moment's. */
  static float[] signed() {
    return values(true);
  }

  /** From 0 to 1, ascending: the second moment's, whose sign's bit makes the parts finer. */
  static float[] unsigned() {
    return values(false);
  }

  /**
   * The code nearest to each {@code r^4}, with the sign of r, for r from -1 to 1 in steps of {@code
   * 1 / STEPS}. The steps are fine against the map in every decade: 0.02 % of a value of 1, 0.8 %
   * of one of 1e-6, where neighbours differ by 0.7 % and by half.
   */
  static byte[] nearest(float[] map) {
    byte[] codes = new byte[2 * STEPS + 1];
    int code = 0;
    for (int i = 0; i < codes.length; i++) {
      double root = (double) i / STEPS - 1;
      double value = Math.signum(root) * Math.pow(root, 4);
      while (code < 255 && value > ((double) map[code] + map[code + 1]) / 2) {
        code++;
      }
      codes[i] = (byte) code;
    }
    return codes;
  }

  private static float[] values(boolean signed) {
    float[] values = new float[256];
    int count = 0;
    for (int decade = 0; decade < DECADES; decade++) {
      int parts = signed ? 1 << decade : 2 << decade;
      double highest = Math.pow(10, decade - DECADES + 1);
      for (int part = 0; part < parts; part++) {
        float value = (float) (highest * (0.1 + 0.9 * (part + 0.5) / parts));
        values[count++] = value;
        if (signed) {
          values[count++] = -value;
        }
      }
    }
    values[count++] = 0;
    values[count] = 1;
    Arrays.sort(values);
    return values;
  }
}
