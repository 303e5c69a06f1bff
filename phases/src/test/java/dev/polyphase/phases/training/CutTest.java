package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class CutTest {
  @Test
  void equalBlocksAreShared() {
    assertThat(cut(blocks(3, 3, 3, 3), ends(0, 0), free(1, 1))).containsExactly(0, 2);
    assertThat(cut(blocks(3, 3, 3, 3, 3, 3), ends(0, 0, 0), free(1, 1, 1)))
        .containsExactly(0, 2, 4);
  }

  @Test
  void endsWeighToo() {
    // An untied head: 7 and 8. A tied one: 5 and 5.
    assertThat(cut(blocks(1, 1, 1, 1, 1, 1), ends(4, 5), free(1, 1))).containsExactly(0, 3);
    assertThat(cut(blocks(1, 1, 1, 1, 1, 1), ends(4, 0), free(1, 1))).containsExactly(0, 1);
  }

  @Test
  void trainedBlocksWeighMore() {
    // 11 and 16; 3 and 24 or 19 and 8 would be more.
    assertThat(cut(blocks(1, 1, 1, 8, 8, 8), ends(0, 0), free(1, 1))).containsExactly(0, 4);
  }

  @Test
  void whatADeviceHasCounts() {
    // 80 and 40: eight blocks and four.
    assertThat(cut(blocks(5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5), ends(0, 0), free(80, 40)))
        .containsExactly(0, 8);
  }

  @Test
  void aDeviceMayHaveNoBlock() {
    // Two blocks beside the embedding, none beside the head, which is larger than all.
    assertThat(cut(blocks(1, 1), ends(0, 9), free(1, 1))).containsExactly(0, 2);
    assertThat(cut(blocks(1, 1), ends(9, 0), free(1, 1))).containsExactly(0, 0);
    assertThat(cut(blocks(4), ends(1, 0, 1), free(1, 1, 1))).containsExactly(0, 0, 1);
  }

  @Test
  void aBlockMayWeighMoreOnOneDeviceThanOnAnother() {
    // 6 and 7; 9 and 8.
    double[][] blocks = {blocks(3, 3, 3, 3), blocks(2, 2, 2, 2)};
    assertThat(Cut.of(blocks, ends(0, 3), free(1, 1))).containsExactly(0, 2);
    assertThat(Cut.of(blocks, ends(0, 6), free(1, 1))).containsExactly(0, 3);
  }

  private static List<Integer> cut(double[] blocks, double[] ends, double[] free) {
    double[][] onEach = new double[free.length][];
    Arrays.fill(onEach, blocks);
    return Cut.of(onEach, ends, free);
  }

  private static double[] blocks(double... bytes) {
    return bytes;
  }

  private static double[] ends(double... bytes) {
    return bytes;
  }

  private static double[] free(double... bytes) {
    return bytes;
  }
}
