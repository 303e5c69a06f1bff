package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class Binary16Test {

  @Test
  void everyPatternHasItsValue() {
    for (int pattern = 0; pattern < 1 << 16; pattern++) {
      float found = Binary16.toFloat((short) pattern);
      // Compared as objects: then NaN equals NaN, and 0 and -0 differ.
      assertThat(found).as("%04x", pattern).isEqualTo(Float.valueOf((float) value(pattern)));
    }
  }

  /** IEEE 754-2008, section 3.4, with w = 5, t = 10 and bias 15. */
  private static double value(int pattern) {
    double sign = pattern >> 15 == 0 ? 1 : -1;
    int exponent = pattern / 1024 % 32;
    double fraction = pattern % 1024 / 1024.0;
    if (exponent == 31) {
      return fraction == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
    }
    return exponent == 0
        ? sign * Math.pow(2, -14) * fraction
        : sign * Math.pow(2, exponent - 15) * (1 + fraction);
  }
}
