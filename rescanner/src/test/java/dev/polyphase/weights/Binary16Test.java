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

  @Test
  void everyValueHasItsPattern() {
    for (int pattern = 0; pattern < 1 << 16; pattern++) {
      float value = (float) value(pattern);
      if (!Float.isNaN(value)) {
        assertThat(Binary16.ofFloat(value)).as("%04x", pattern).isEqualTo((short) pattern);
      }
    }
    assertThat(value(Binary16.ofFloat(Float.NaN) & 0xffff)).isNaN();
  }

  /** Of two patterns that follow each other, which of them what lies between them becomes. */
  @Test
  void whatLiesBetweenTwoValuesIsRoundedToTheNearer() {
    for (int pattern = 0; pattern < 0x7c00; pattern++) {
      double next = pattern + 1 == 0x7c00 ? 65536 : value(pattern + 1);
      float middle = (float) ((value(pattern) + next) / 2);
      int even = pattern + pattern % 2;
      assertThat(Binary16.ofFloat(middle)).as("%04x", pattern).isEqualTo((short) even);
      assertThat(Binary16.ofFloat(Math.nextDown(middle))).isEqualTo((short) pattern);
      assertThat(Binary16.ofFloat(-Math.nextUp(middle))).isEqualTo((short) (0x8000 | pattern + 1));
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
