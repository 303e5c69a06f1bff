package dev.polyphase.phases.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.pipelines.LrScheduler;
import dev.polyphase.pipelines.LrScheduler.Curve;
import dev.polyphase.pipelines.Warmup;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rates against tables made by hand of the formulas in transformers/optimization.py. */
class LearningRateTest {
  private static final LrScheduler LINEAR = new LrScheduler.Linear();
  private static final LrScheduler COSINE = new LrScheduler.Cosine(0.5);
  private static final double COS_30 = Math.sqrt(3) / 2;
  private static final double ROOT_HALF = Math.sqrt(0.5);

  @Test
  void linear() {
    assertRates(LINEAR, 0, 1, 0.8, 0.6, 0.4, 0.2);
    assertRates(LINEAR, 2, 0, 0.5, 1, 0.75, 0.5, 0.25);
  }

  @Test
  void cosine() {
    assertRates(COSINE, 0, 1, (1 + COS_30) / 2, 0.75, 0.5, 0.25, (1 - COS_30) / 2);
    assertRates(COSINE, 3, 0, 1 / 3.0, 2 / 3.0, 1, 0.75, 0.25);
    // Down and up again, and a quarter of a wave.
    assertRates(new LrScheduler.Cosine(1), 0, 1, 0.5, 0, 0.5);
    assertRates(new LrScheduler.Cosine(0.25), 0, 1, (1 + ROOT_HALF) / 2);
  }

  /** Hugging Face's {@code constant} leaves the warm-up out; here a warm-up is one. */
  @Test
  void constant() {
    for (LrScheduler constant :
        List.of(new LrScheduler.Constant(), new LrScheduler.ConstantWithWarmup())) {
      assertRates(constant, 0, 1, 1, 1);
      assertRates(constant, 2, 0, 0.5, 1, 1, 1);
    }
  }

  /** The warm-up is not lifted by the lowest rate. */
  @Test
  void cosineWithALowestRate() {
    LrScheduler tenth = new LrScheduler.CosineWithMinLr(0.5, 0.1);
    assertRates(tenth, 0, 1, 0.775, 0.325);
    assertRates(tenth, 2, 0, 0.5, 1, 0.775, 0.325);
    assertRates(new LrScheduler.CosineWithMinLr(0.5, 0.2), 0, 1, 0.6);
    assertRates(new LrScheduler.CosineWithMinLr(1, 0.2), 0, 1, 0.6, 0.2, 0.6);
    assertThat(new LearningRate(tenth, 2e-5, 1, 5).at(5)).isCloseTo(2e-6, within(1e-20));
  }

  @Test
  void stagesWithTheRestAsTheStableOne() {
    assertRates(
        stages(4, OptionalLong.empty(), Curve.LINEAR, Curve.LINEAR, 0),
        2,
        0,
        0.5,
        1,
        1,
        1,
        0.75,
        0.5,
        0.25);
    assertRates(stages(2, OptionalLong.empty(), Curve.LINEAR, Curve.COSINE, 0), 0, 1, 1, 1, 0.5);
    assertRates(
        stages(4, OptionalLong.empty(), Curve.LINEAR, Curve.ONE_MINUS_SQRT, 0),
        0,
        1,
        1,
        0.5,
        1 - ROOT_HALF,
        1 - COS_30);
    assertRates(stages(0, OptionalLong.empty(), Curve.LINEAR, Curve.COSINE, 0), 1, 0, 1, 1);
  }

  /** The rise begins at the lowest rate too, and what comes after the fall stays there. */
  @Test
  void stagesOfGivenLengths() {
    LrScheduler given = stages(2, OptionalLong.of(1), Curve.LINEAR, Curve.LINEAR, 0.2);
    assertRates(given, 2, 0.2, 0.6, 1, 1, 0.6, 0.2, 0.2);
    assertRates(
        stages(2, OptionalLong.of(0), Curve.COSINE, Curve.COSINE, 0), 3, 0, 0.25, 0.75, 1, 0.5, 0);
    assertRates(
        stages(1, OptionalLong.of(0), Curve.ONE_MINUS_SQRT, Curve.COSINE, 0),
        4,
        0,
        1 - COS_30,
        1 - ROOT_HALF,
        0.5,
        1,
        0);
  }

  /** A phase too short for its stages: the fall is joined where it would stand. */
  @Test
  void stagesThatDoNotFit() {
    assertRates(
        stages(4, OptionalLong.empty(), Curve.LINEAR, Curve.LINEAR, 0), 2, 0, 0.5, 0.5, 0.25);
  }

  @Test
  void inverseSqrt() {
    LrScheduler byWarmup = new LrScheduler.InverseSqrt(OptionalLong.empty());
    assertRates(byWarmup, 2, 0, 0.5, 1, Math.sqrt(2 / 3.0), ROOT_HALF, Math.sqrt(0.4));
    LearningRate without = new LearningRate(byWarmup, 1, 0, 40_000);
    assertThat(without.at(0)).isEqualTo(1);
    assertThat(without.at(10_000)).isCloseTo(ROOT_HALF, within(1e-15));
    assertThat(without.at(30_000)).isCloseTo(0.5, within(1e-15));
    assertRates(
        new LrScheduler.InverseSqrt(OptionalLong.of(3)),
        1,
        0,
        1,
        COS_30,
        Math.sqrt(0.6),
        ROOT_HALF);
  }

  /** {@link #assertRates} has a highest rate of 2e-5. */
  @Test
  void polynomial() {
    assertRates(new LrScheduler.Polynomial(0, 1), 2, 0, 0.5, 1, 0.75, 0.5, 0.25);
    assertRates(new LrScheduler.Polynomial(0, 2), 0, 1, 0.5625, 0.25, 0.0625);
    assertRates(new LrScheduler.Polynomial(1e-5, 2), 0, 1, 0.5 + 0.5 * 0.5625, 0.625, 0.53125);
    // As it comes, the last rate is 1e-7: 0.005 of the highest.
    LearningRate rate = new LearningRate(new LrScheduler.Polynomial(1e-7, 1), 2e-5, 0, 4);
    assertThat(rate.at(2)).isCloseTo(1.005e-5, within(1e-20));
    assertThat(rate.at(4)).isCloseTo(1e-7, within(1e-20));
    assertThat(rate.at(5)).isCloseTo(1e-7, within(1e-20));
  }

  /** Beyond the last step, for who asks. */
  @Test
  void theEndIsReachedAfterTheLastStep() {
    assertThat(new LearningRate(LINEAR, 1, 2, 10).at(10)).isZero();
    assertThat(new LearningRate(LINEAR, 1, 2, 10).at(11)).isZero();
    assertThat(new LearningRate(COSINE, 1, 2, 10).at(10)).isCloseTo(0, within(1e-15));
  }

  @Test
  void warmupLongerThanThePhaseNeverEnds() {
    assertRates(COSINE, 10, 0, 0.1, 0.2);
    assertRates(LINEAR, 3, 0, 1 / 3.0, 2 / 3.0);
    assertRates(new LrScheduler.Polynomial(0, 1), 2, 0, 0.5);
  }

  @Test
  void onlyStepOfAPhase() {
    assertRates(COSINE, 0, 1);
    assertRates(LINEAR, 1, 0);
  }

  /** As math.ceil(steps * ratio) in Python, its binary fractions included. */
  @ParameterizedTest
  @CsvSource({
    "0.03, 100, 3",
    "0.03, 101, 4",
    "0.03, 1, 1",
    "0.07, 100, 8",
    "0.1, 30, 3",
    "0, 50, 0",
    "1, 50, 50",
    "0.001, 999, 1"
  })
  void ratiosAreRoundedUp(double ratio, long totalSteps, long expected) {
    assertThat(new Warmup.Ratio(ratio).steps(totalSteps)).isEqualTo(expected);
  }

  private static LrScheduler stages(
      long decaySteps, OptionalLong stableSteps, Curve rise, Curve fall, double lowest) {
    return new LrScheduler.WarmupStableDecay(decaySteps, stableSteps, rise, fall, lowest, 0.5);
  }

  /** The rates of a phase of as many steps as are given, as shares of the highest. */
  private static void assertRates(LrScheduler scheduler, long warmupSteps, double... shares) {
    double highest = 2e-5;
    LearningRate rate = new LearningRate(scheduler, highest, warmupSteps, shares.length);
    for (int step = 0; step < shares.length; step++) {
      assertThat(rate.at(step))
          .as("step %d", step)
          .isCloseTo(shares[step] * highest, within(1e-15 * highest));
    }
  }
}
