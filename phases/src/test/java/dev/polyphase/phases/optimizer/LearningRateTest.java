package dev.polyphase.phases.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.pipelines.LrScheduler;
import dev.polyphase.pipelines.Warmup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Rates against tables made by hand of the formulas in transformers/optimization.py. */
class LearningRateTest {

  @Test
  void linear() {
    assertRates(LrScheduler.LINEAR, 0, 1, 0.8, 0.6, 0.4, 0.2);
    assertRates(LrScheduler.LINEAR, 2, 0, 0.5, 1, 0.75, 0.5, 0.25);
  }

  @Test
  void cosine() {
    double cos30 = Math.sqrt(3) / 2;
    assertRates(LrScheduler.COSINE, 0, 1, (1 + cos30) / 2, 0.75, 0.5, 0.25, (1 - cos30) / 2);
    assertRates(LrScheduler.COSINE, 3, 0, 1 / 3.0, 2 / 3.0, 1, 0.75, 0.25);
  }

  /** Hugging Face's {@code constant} leaves the warm-up out; here a warm-up is one. */
  @ParameterizedTest
  @EnumSource(names = {"CONSTANT", "CONSTANT_WITH_WARMUP"})
  void constant(LrScheduler scheduler) {
    assertRates(scheduler, 0, 1, 1, 1);
    assertRates(scheduler, 2, 0, 0.5, 1, 1, 1);
  }

  @Test
  void warmupLongerThanThePhaseNeverEnds() {
    assertRates(LrScheduler.COSINE, 10, 0, 0.1, 0.2);
    assertRates(LrScheduler.LINEAR, 3, 0, 1 / 3.0, 2 / 3.0);
  }

  @Test
  void onlyStepOfAPhase() {
    assertRates(LrScheduler.COSINE, 0, 1);
    assertRates(LrScheduler.LINEAR, 1, 0);
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

  @Test
  void othersAreNotThereYet() {
    for (LrScheduler scheduler : LrScheduler.values()) {
      LearningRate rate = new LearningRate(scheduler, 1, 0, 10);
      if (LearningRate.implemented(scheduler)) {
        assertThat(rate.at(9)).isBetween(0.0, 1.0);
      } else {
        assertThatThrownBy(() -> rate.at(9)).isInstanceOf(IllegalArgumentException.class);
      }
    }
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
