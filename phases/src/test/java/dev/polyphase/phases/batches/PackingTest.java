package dev.polyphase.phases.batches;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackingTest {

  /** Worked out by hand. The second is the example in TRL's own documentation of bfd. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "5             | 10 | [0]",
        "4 2 3 1       |  4 | [0][1][2, 3]",
        // 6 and 5 open two; 4 fills the first; 3 leaves 2 in the second, where the last 2 fits.
        "3 5 2 4 6     | 10 | [0, 1, 2][3, 4]",
        // 7 and 5 open two, and 4 leaves 1 in the second: the fuller takes the 1, not the first.
        "7 5 4 1       | 10 | [0][1, 2, 3]",
        // Of two with as much space the one that came to it first: row 2 goes to row 0.
        "6 6 4 4       | 10 | [0, 2][1, 3]",
        // A row of a whole sequence leaves no space, and nothing is put to it.
        "10 10 1 10    | 10 | [0][1][2][3]",
        "1 1 1 1 1     |  2 | [0, 1][2, 3][4]",
      })
  void packs(String tokens, int sequenceLen, String expected) {
    int[] tokensOfRow = Arrays.stream(tokens.split(" ")).mapToInt(Integer::parseInt).toArray();

    StringBuilder found = new StringBuilder();
    for (int[] rows : Packing.bestFitDecreasing(tokensOfRow, sequenceLen)) {
      found.append(Arrays.toString(rows));
    }

    assertThat(found.toString()).isEqualTo(expected);
  }

  @Test
  void aRowLongerThanTheSequenceIsAMistake() {
    assertThatThrownBy(() -> Packing.bestFitDecreasing(new int[] {3, 5}, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("row 1 has 5 tokens, a sequence 4");
  }

  @Test
  void everyRowIsInOneSequenceAndNoSequenceIsTooLong() {
    Random random = new Random(3);
    for (int trial = 0; trial < 300; trial++) {
      int sequenceLen = 1 + random.nextInt(64);
      int[] tokens = random.ints(1 + random.nextInt(200), 1, sequenceLen + 1).toArray();

      List<int[]> packed = Packing.bestFitDecreasing(tokens, sequenceLen);

      assertThat(packed.stream().flatMapToInt(Arrays::stream).sorted().toArray())
          .isEqualTo(IntStream.range(0, tokens.length).toArray());
      assertThat(packed)
          .allSatisfy(
              rows -> {
                assertThat(rows).isSorted().isNotEmpty();
                assertThat(Arrays.stream(rows).map(row -> tokens[row]).sum())
                    .isLessThanOrEqualTo(sequenceLen);
              });
      assertThat(packed).isSortedAccordingTo((a, b) -> Integer.compare(a[0], b[0]));
      assertThat(Packing.bestFitDecreasing(tokens, sequenceLen).stream().map(Arrays::toString))
          .containsExactlyElementsOf(packed.stream().map(Arrays::toString).toList());
    }
  }

  /**
   * Against first fit of the rows as they come. The shape of the lengths is that of conversations:
   * many short, few long.
   */
  @Test
  void takesNoMoreSequencesThanFirstFit() {
    Random random = new Random(4);
    int fewer = 0;
    for (int trial = 0; trial < 300; trial++) {
      int sequenceLen = 32 + random.nextInt(64);
      int[] tokens =
          random
              .doubles(1 + random.nextInt(200))
              .mapToInt(share -> 1 + (int) (share * share * (sequenceLen - 1)))
              .toArray();

      int packed = Packing.bestFitDecreasing(tokens, sequenceLen).size();

      int firstFit = firstFit(tokens, sequenceLen);
      assertThat(packed).isLessThanOrEqualTo(firstFit);
      assertThat((long) packed * sequenceLen).isGreaterThanOrEqualTo(Arrays.stream(tokens).sum());
      fewer += packed < firstFit ? 1 : 0;
    }
    assertThat(fewer).isGreaterThan(100);
  }

  private static int firstFit(int[] tokensOfRow, int sequenceLen) {
    int[] filled = new int[tokensOfRow.length];
    int opened = 0;
    for (int tokens : tokensOfRow) {
      int sequence = 0;
      while (filled[sequence] + tokens > sequenceLen) {
        sequence++;
      }
      filled[sequence] += tokens;
      opened = Math.max(opened, sequence + 1);
    }
    return opened;
  }
}
