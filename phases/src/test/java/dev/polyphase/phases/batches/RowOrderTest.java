package dev.polyphase.phases.batches;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RowOrderTest {

  @Test
  void keepsTheOrderWhereNothingIsShuffled() {
    assertThat(new RowOrder(false, 42).of(3, 4)).containsExactly(0, 1, 2, 3);
  }

  /** The JDK's generator is a SplitMix64 too. */
  @Test
  void shufflesAsDocumented() {
    for (long seed : new long[] {0, 42, -7, Long.MAX_VALUE}) {
      SplittableRandom epochs = new SplittableRandom(seed);
      for (int epoch = 0; epoch < 5; epoch++) {
        SplittableRandom draws = new SplittableRandom(epochs.nextLong());
        int[] expected = IntStream.range(0, 100).toArray();
        for (int i = 99; i > 0; i--) {
          int j = (int) Long.remainderUnsigned(draws.nextLong(), i + 1L);
          int last = expected[i];
          expected[i] = expected[j];
          expected[j] = last;
        }
        assertThat(new RowOrder(true, seed).of(epoch, 100)).containsExactly(expected);
      }
    }
  }

  @Test
  void everyRowComesFirstEquallyOften() {
    int[] first = new int[5];
    for (long seed = 0; seed < 1000; seed++) {
      for (int epoch = 0; epoch < 10; epoch++) {
        first[new RowOrder(true, seed).of(epoch, 5)[0]]++;
      }
    }
    // 2000 each; the standard deviation is 40.
    for (int count : first) {
      assertThat(count).isBetween(1800, 2200);
    }
  }
}
