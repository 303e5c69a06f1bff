package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorSampleTest {
  @TempDir Path folder;

  @Test
  void fewValuesAreAllLookedAt() throws IOException {
    TensorInfo tensor = numbered(4096);

    assertThat(TensorSample.of(tensor)).isEqualTo(numbers(4096));
    assertThat(TensorSample.of(numbered(1))).containsExactly(0);
    assertThat(TensorSample.of(numbered(0))).isEmpty();
    // Of 17 values no runs of equal length are all.
    assertThat(TensorSample.of(numbered(17))).hasSize(16).contains(0, 16);
  }

  @Test
  void ofManyThereAreRunsFromTheFirstToTheLast() throws IOException {
    float[] sample = TensorSample.of(numbered(100_000));

    assertThat(sample).hasSize(4096).doesNotHaveDuplicates().isSorted();
    assertThat(sample).startsWith(0, 1, 2).endsWith(99_998, 99_999);
    // Sixteen runs of 256: the gaps between them are equal.
    for (int run = 1; run < 16; run++) {
      assertThat(sample[run * 256] - sample[run * 256 - 256]).isBetween(6649f, 6651f);
      assertThat(sample[run * 256] - sample[run * 256 - 1]).isGreaterThan(1);
    }
  }

  @Test
  void halvesAreRead() throws IOException {
    new HandMadeTensors()
        .halves("b", "BF16", List.of(2L), (short) 0x3f80, (short) 0xc000)
        .halves("h", "F16", List.of(2L), (short) 0x3c00, (short) 0xc000)
        .writeTo(folder);
    Checkpoint checkpoint = Checkpoint.open(folder);

    assertThat(TensorSample.of(checkpoint.find("b").orElseThrow())).containsExactly(1, -2);
    assertThat(TensorSample.of(checkpoint.find("h").orElseThrow())).containsExactly(1, -2);
  }

  /** A tensor whose values are 0, 1, 2 and so on, behind another one. */
  private TensorInfo numbered(int count) throws IOException {
    new HandMadeTensors()
        .float32("a", List.of(3L), 7, 7, 7)
        .float32("numbers", List.of((long) count), numbers(count))
        .writeTo(folder);
    return Checkpoint.open(folder).find("numbers").orElseThrow();
  }

  private static float[] numbers(int count) {
    float[] numbers = new float[count];
    IntStream.range(0, count).forEach(i -> numbers[i] = i);
    return numbers;
  }
}
