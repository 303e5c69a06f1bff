package dev.polyphase.phases.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What the paper says of the map. */
class DynamicMapTest {

  @Test
  void has256ValuesThatAscendToOne() {
    for (float[] map : new float[][] {DynamicMap.signed(), DynamicMap.unsigned()}) {
      assertThat(map).hasSize(256);
      for (int i = 1; i < 256; i++) {
        assertThat(map[i]).isGreaterThan(map[i - 1]);
      }
      assertThat(map[255]).isEqualTo(1);
      assertThat(Arrays.binarySearch(map, 0f)).isNotNegative();
    }
  }

  /** The tenfold of a decade has twice the values, the last one 64 with a sign and 128 without. */
  @Test
  void decadesHaveTwiceTheValuesOfTheOneBelow() {
    for (int decade = 0; decade < 7; decade++) {
      double low = Math.pow(10, -1 - decade);
      assertThat(between(DynamicMap.signed(), low, 10 * low)).isEqualTo(64 >> decade);
      assertThat(between(DynamicMap.signed(), -10 * low, -low)).isEqualTo(64 >> decade);
      assertThat(between(DynamicMap.unsigned(), low, 10 * low)).isEqualTo(128 >> decade);
    }
    // The middle of the lowest decade, 1e-7 to 1e-6, is all that it has.
    assertThat((double) DynamicMap.signed()[128]).isCloseTo(5.5e-7, within(1e-12));
    assertThat((double) DynamicMap.signed()[254]).isCloseTo(1 - 0.9 / 128, within(1e-6));
  }

  /** Against a search of all values. */
  @Test
  void tableHoldsTheNearestCodes() {
    for (float[] map : new float[][] {DynamicMap.signed(), DynamicMap.unsigned()}) {
      byte[] table = DynamicMap.nearest(map);
      assertThat(table).hasSize(2 * DynamicMap.STEPS + 1);
      for (int i = 0; i < table.length; i += 7) {
        double root = (double) (i - DynamicMap.STEPS) / DynamicMap.STEPS;
        double value = Math.copySign(root * root * root * root, root);
        double least = Double.POSITIVE_INFINITY;
        for (float candidate : map) {
          least = Math.min(least, Math.abs(candidate - value));
        }
        assertThat(Math.abs(map[table[i] & 0xff] - value)).isCloseTo(least, within(1e-12));
      }
    }
  }

  private static long between(float[] map, double low, double high) {
    long count = 0;
    for (float value : map) {
      count += value > low && value < high && value != 1 ? 1 : 0;
    }
    return count;
  }
}
