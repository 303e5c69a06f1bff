package dev.polyphase.phases.batches;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.pipelines.Rows.MixBy;
import dev.polyphase.pipelines.problems.InputException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MixtureTest {

  @Test
  void withoutWeightsAnEpochIsTheRowsInTheirOrder() {
    int[] datasets = {0, 0, 0, 1, 1, 2};
    int[] rows = IntStream.range(0, 6).toArray();

    assertThat(mixture(MixBy.PASSES, 1, 1, 1).epoch(datasets, new int[6])).containsExactly(rows);
    assertThat(Mixture.EACH_ONCE.epoch(datasets, new int[6])).containsExactly(rows);
  }

  @ParameterizedTest
  @EnumSource(MixBy.class)
  void aShareOfOneDatasetIsAllOfIt(MixBy by) {
    double weight = by == MixBy.PASSES ? 1 : 7.5;

    assertThat(mixture(by, weight).epoch(new int[4], new int[] {5, 9, 2, 7}))
        .containsExactly(0, 1, 2, 3);
  }

  /** What is drawn is as SplitMix64 and the shuffle, written once more in Python, draw it. */
  @Test
  void rowsComePassByPassAndThenTheDrawnOnes() {
    assertThat(mixture(MixBy.PASSES, 0.5, 2.25).epoch(datasets(10, 7), new int[17]))
        .containsExactly(
            0, 2, 3, 4, 5, // five of the first ten
            10, 11, 12, 13, 14, 15, 16, 10, 11, 12, 13, 14, 15, 16, // twice all of the others
            11, 14); // and two of them once more
  }

  @Test
  void eachRowIsSeenAsOftenAsItsWeightSays() {
    Random random = new Random(3);
    for (int trial = 0; trial < 300; trial++) {
      int[] sizes = random.ints(1 + random.nextInt(4), 1, 60).toArray();
      double[] weights = random.doubles(sizes.length, 0.01, 4).toArray();
      int[] datasets = datasets(sizes);

      int[] epoch =
          new Mixture("datasets", MixBy.PASSES, Arrays.stream(weights).boxed().toList(), trial)
              .epoch(datasets, new int[datasets.length]);

      int[] seen = seen(epoch, datasets.length);
      long[] ofDataset = ofDataset(epoch, datasets, sizes.length);
      for (int i = 0; i < sizes.length; i++) {
        assertThat((double) ofDataset[i])
            .isCloseTo(weights[i] * sizes[i], within(1.0))
            .isPositive();
      }
      for (int row = 0; row < seen.length; row++) {
        assertThat((double) seen[row]).isCloseTo(weights[datasets[row]], within(1.0));
      }
    }
  }

  @Test
  void sharesOfRowsAddUpToAllOfThem() {
    // 110 rows: three quarters are 82.5, one quarter 27.5.
    assertThat(ofDataset(epoch(MixBy.ROWS, new int[] {100, 10}, 3, 1), datasets(100, 10), 2))
        .containsExactly(83, 27);
    Random random = new Random(4);
    for (int trial = 0; trial < 300; trial++) {
      int[] sizes = random.ints(2 + random.nextInt(4), 20, 300).toArray();
      double[] weights = random.doubles(sizes.length, 0.5, 2).toArray();
      int[] datasets = datasets(sizes);

      int[] epoch = epoch(MixBy.ROWS, sizes, weights);

      assertThat(epoch).hasSize(datasets.length);
      long[] ofDataset = ofDataset(epoch, datasets, sizes.length);
      int[] seen = seen(epoch, datasets.length);
      double all = Arrays.stream(weights).sum();
      for (int i = 0; i < sizes.length; i++) {
        assertThat((double) ofDataset[i])
            .isCloseTo(datasets.length * weights[i] / all, within(1.0));
      }
      for (int row = 0; row < seen.length; row++) {
        double each = (double) ofDataset[datasets[row]] / sizes[datasets[row]];
        assertThat((double) seen[row]).isCloseTo(each, within(1.0));
      }
    }
  }

  @Test
  void sharesOfTokensAreWithinARow() {
    Random random = new Random(5);
    for (int trial = 0; trial < 300; trial++) {
      int[] sizes = random.ints(2 + random.nextInt(3), 20, 100).toArray();
      double[] weights = random.doubles(sizes.length, 0.5, 2).toArray();
      int[] datasets = datasets(sizes);
      int[] tokens = random.ints(datasets.length, 1, 2000).toArray();

      int[] epoch =
          new Mixture("datasets", MixBy.TOKENS, Arrays.stream(weights).boxed().toList(), trial)
              .epoch(datasets, tokens);

      double all = Arrays.stream(tokens).asLongStream().sum();
      double weight = Arrays.stream(weights).sum();
      int[] seen = seen(epoch, datasets.length);
      for (int i = 0; i < sizes.length; i++) {
        int dataset = i;
        long found =
            Arrays.stream(epoch)
                .filter(row -> datasets[row] == dataset)
                .mapToLong(row -> tokens[row])
                .sum();
        assertThat((double) found).isCloseTo(all * weights[i] / weight, within(1000.0));
        int[] times =
            IntStream.range(0, seen.length)
                .filter(row -> datasets[row] == dataset)
                .map(row -> seen[row])
                .sorted()
                .toArray();
        assertThat(times[times.length - 1] - times[0]).isLessThanOrEqualTo(1);
      }
    }
  }

  /** Of its 20 rows each seed draws 5; over 2,000 seeds each row comes some 500 times. */
  @Test
  void everyRowIsDrawnAlikeBySeedAndNoneTwice() {
    int[] times = new int[20];
    for (int seed = 0; seed < 2000; seed++) {
      int[] epoch =
          new Mixture("datasets", MixBy.PASSES, List.of(0.25), seed)
              .epoch(new int[20], new int[20]);
      assertThat(epoch).hasSize(5).doesNotHaveDuplicates();
      for (int row : epoch) {
        times[row]++;
      }
    }
    // The standard deviation is 19.
    for (int time : times) {
      assertThat(time).isBetween(400, 600);
    }
  }

  /** As where all of its rows are held out too. */
  @Test
  void aDatasetWithoutRowsLeavesItsShareToTheOthers() {
    int[] datasets = {0, 0, 2, 2};
    assertThat(mixture(MixBy.ROWS, 1, 5, 1).epoch(datasets, new int[4])).hasSize(4);
    assertThat(mixture(MixBy.TOKENS, 1, 5, 1).epoch(datasets, new int[] {3, 3, 3, 3}))
        .containsExactly(0, 1, 2, 3);
    assertThat(mixture(MixBy.PASSES, 1, 5, 1).epoch(datasets, new int[4]))
        .containsExactly(0, 1, 2, 3);
  }

  /** A dataset that a pipeline names is never silently left out. */
  @Test
  void theSmallestWeightIsARow() {
    for (MixBy by : MixBy.values()) {
      int[] epoch = mixture(by, 1, 1e-9).epoch(datasets(5, 5), filled(10, 8));
      assertThat(Arrays.stream(epoch).filter(row -> row >= 5)).hasSize(1);
    }
  }

  @Test
  void anEpochBeyondAllMeasureIsRefused() {
    assertThatThrownBy(
            () -> mixture(MixBy.PASSES, 1000, 1).epoch(datasets(600_000, 1), new int[600_001]))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "datasets: with these weights an epoch has 600,000,001 rows, and must have 536,870,912"
                + " at most; lower them, and raise num_epochs");
  }

  private static int[] epoch(MixBy by, int[] sizes, double... weights) {
    int[] datasets = datasets(sizes);
    return mixture(by, weights).epoch(datasets, new int[datasets.length]);
  }

  private static Mixture mixture(MixBy by, double... weights) {
    return new Mixture("datasets", by, Arrays.stream(weights).boxed().toList(), 42);
  }

  /** So many rows of the first dataset, then of the next. */
  private static int[] datasets(int... sizes) {
    return IntStream.range(0, sizes.length)
        .flatMap(dataset -> IntStream.generate(() -> dataset).limit(sizes[dataset]))
        .toArray();
  }

  private static int[] filled(int count, int value) {
    int[] values = new int[count];
    Arrays.fill(values, value);
    return values;
  }

  private static int[] seen(int[] epoch, int rows) {
    int[] seen = new int[rows];
    Arrays.stream(epoch).forEach(row -> seen[row]++);
    return seen;
  }

  private static long[] ofDataset(int[] epoch, int[] datasets, int count) {
    long[] rows = new long[count];
    Arrays.stream(epoch).forEach(row -> rows[datasets[row]]++);
    return rows;
  }
}
