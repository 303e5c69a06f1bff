package dev.polyphase.phases.batches;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  private static final RowOrder AS_IS = new RowOrder(false, 42);
  private static final RowOrder SHUFFLED = new RowOrder(true, 42);

  @Test
  void anEpochEndsWithAPartialMicroBatchAndAPartialStep() {
    // 7 rows in micro-batches of 2: 4 of them; in steps of 3: 2.
    Schedule schedule = new Schedule(rows(7), 2, 3, epochs(2), AS_IS);

    assertThat(schedule.stepsPerEpoch()).isEqualTo(2);
    assertThat(schedule.totalSteps()).isEqualTo(4);
    assertThat(written(schedule))
        .containsExactly(
            "1 0.75 [0, 1][2, 3][4, 5]", "2 1.0 [6]", "3 1.75 [0, 1][2, 3][4, 5]", "4 2.0 [6]");
  }

  @Test
  void aPartOfAnEpochIsRoundedUpToWholeSteps() {
    // 5 steps an epoch; 0.5 epochs are 2.5 steps.
    assertThat(written(new Schedule(rows(5), 1, 1, epochs(0.5), AS_IS)))
        .containsExactly("1 0.2 [0]", "2 0.4 [1]", "3 0.6 [2]");
    assertThat(new Schedule(rows(5), 1, 1, epochs(3), AS_IS).totalSteps()).isEqualTo(15);
  }

  @Test
  void stepsAloneRepeatTheRows() {
    Limits limits = new Limits(OptionalDouble.empty(), OptionalLong.of(4), OptionalLong.empty());
    assertThat(written(new Schedule(rows(3), 2, 1, limits, AS_IS)))
        .containsExactly("1 0.5 [0, 1]", "2 1.0 [2]", "3 1.5 [0, 1]", "4 2.0 [2]");
  }

  @Test
  void theFirstEpochEndsWhereThePhaseDoes() {
    assertThat(new Schedule(rows(7), 2, 3, epochs(2), AS_IS).firstEpoch())
        .containsExactly(new int[] {0, 1}, new int[] {2, 3}, new int[] {4, 5}, new int[] {6});
    Limits limits = new Limits(OptionalDouble.empty(), OptionalLong.of(1), OptionalLong.empty());
    assertThat(new Schedule(rows(7), 2, 3, limits, AS_IS).firstEpoch())
        .containsExactly(new int[] {0, 1}, new int[] {2, 3}, new int[] {4, 5});
  }

  @Test
  void theStepThatReachesTheTokensIsTheLast() {
    int[] tokens = {10, 20, 30}; // 60 an epoch
    assertThat(stepsForTokens(tokens, 1)).isEqualTo(1);
    assertThat(stepsForTokens(tokens, 10)).isEqualTo(1);
    assertThat(stepsForTokens(tokens, 11)).isEqualTo(2);
    assertThat(stepsForTokens(tokens, 60)).isEqualTo(3);
    assertThat(stepsForTokens(tokens, 61)).isEqualTo(4);
    assertThat(stepsForTokens(tokens, 600_000_000_000L)).isEqualTo(30_000_000_000L);
    assertThat(stepsForTokens(tokens, 600_000_000_011L)).isEqualTo(30_000_000_002L);
  }

  @Test
  void theFirstLimitEndsThePhase() {
    Limits limits = new Limits(OptionalDouble.of(2), OptionalLong.of(5), OptionalLong.of(35));
    // 3 steps of 10 tokens an epoch: 6 by epochs, 5 by steps, 4 by tokens.
    int[] tokens = {10, 10, 10};
    assertThat(new Schedule(tokens, 1, 1, limits, AS_IS).totalSteps()).isEqualTo(4);
  }

  /** Against a count of every step, over many random settings. */
  @Test
  void countsTheStepsThatItMakes() {
    Random random = new Random(1);
    for (int trial = 0; trial < 300; trial++) {
      int[] tokens = random.ints(1 + random.nextInt(20), 1, 50).toArray();
      int microBatchSize = 1 + random.nextInt(4);
      int accumulation = 1 + random.nextInt(4);
      long maxTokens = 1L + random.nextInt(2000);
      RowOrder order = new RowOrder(random.nextBoolean(), trial);
      Limits endless =
          new Limits(OptionalDouble.empty(), OptionalLong.of(5000), OptionalLong.empty());
      long seen = 0;
      long steps = 0;
      for (Step step : new Schedule(tokens, microBatchSize, accumulation, endless, order)) {
        seen += rowsOf(step).stream().mapToInt(row -> tokens[row]).sum();
        steps++;
        if (seen >= maxTokens) {
          break;
        }
      }

      Schedule schedule =
          new Schedule(tokens, microBatchSize, accumulation, tokens(maxTokens), order);
      assertThat(schedule.totalSteps()).isEqualTo(steps);
      assertThat(written(schedule)).hasSize((int) steps);
    }
  }

  @Test
  void everyEpochTakesEveryRowOnceInAnOrderOfItsOwn() {
    Schedule schedule = new Schedule(rows(50), 4, 2, epochs(3), SHUFFLED);
    List<Integer> all = new ArrayList<>();
    schedule.forEach(step -> all.addAll(rowsOf(step)));

    assertThat(all).hasSize(150);
    List<List<Integer>> epochs =
        List.of(all.subList(0, 50), all.subList(50, 100), all.subList(100, 150));
    assertThat(epochs)
        .doesNotHaveDuplicates()
        .allSatisfy(
            epoch ->
                assertThat(epoch)
                    .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 50).boxed().toList()));
  }

  @Test
  void goesOnAfterAnyStepAsIfItHadNeverStopped() {
    Schedule schedule = new Schedule(rows(11), 2, 2, epochs(3), SHUFFLED);
    List<String> whole = written(schedule);
    for (int done = 0; done <= whole.size(); done++) {
      List<String> rest = new ArrayList<>();
      schedule.after(done).forEachRemaining(step -> rest.add(written(step)));
      assertThat(rest).isEqualTo(whole.subList(done, whole.size()));
    }
  }

  private static long stepsForTokens(int[] tokensOfRow, long maxTokens) {
    return new Schedule(tokensOfRow, 1, 1, tokens(maxTokens), AS_IS).totalSteps();
  }

  private static Limits epochs(double count) {
    return new Limits(OptionalDouble.of(count), OptionalLong.empty(), OptionalLong.empty());
  }

  private static Limits tokens(long count) {
    return new Limits(OptionalDouble.empty(), OptionalLong.empty(), OptionalLong.of(count));
  }

  private static int[] rows(int count) {
    int[] tokens = new int[count];
    Arrays.fill(tokens, 10);
    return tokens;
  }

  private static List<Integer> rowsOf(Step step) {
    return step.microBatches().stream().flatMapToInt(Arrays::stream).boxed().toList();
  }

  private static List<String> written(Schedule schedule) {
    List<String> steps = new ArrayList<>();
    schedule.forEach(step -> steps.add(written(step)));
    return steps;
  }

  private static String written(Step step) {
    StringBuilder text = new StringBuilder(step.index() + " " + step.epoch() + " ");
    step.microBatches().forEach(rows -> text.append(Arrays.toString(rows)));
    return text.toString();
  }
}
