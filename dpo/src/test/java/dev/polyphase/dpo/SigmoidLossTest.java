package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SigmoidLossTest {

  /** Three preferences at beta 0.1; the figures are the published DPO trainer's formulas'. */
  @ParameterizedTest
  @CsvSource({"0, 0.6878308591", "0.1, 0.6894975257"})
  void goldenFigures(double labelSmoothing, double expected) {
    SigmoidLoss loss = new SigmoidLoss(0.1, labelSmoothing);
    // log-ratios of the chosen (1, -1, 0.5) less those of the rejected (-0.5, 1, -0.5)
    double mean = (loss.at(1.5) + loss.at(-2) + loss.at(1)) / 3;
    assertThat(mean).isCloseTo(expected, within(1e-10));
  }

  @ParameterizedTest
  @CsvSource({"0.1, 0", "0.1, 0.2", "2.5, 0", "2.5, 0.45"})
  void slopeIsTheLosssDerivative(double beta, double labelSmoothing) {
    SigmoidLoss loss = new SigmoidLoss(beta, labelSmoothing);
    double h = 1e-5;
    for (double d = -20; d <= 20; d += 0.7) {
      double difference = (loss.at(d + h) - loss.at(d - h)) / (2 * h);
      assertThat(loss.slope(d)).as("at %s", d).isCloseTo(difference, within(1e-8 * beta + 1e-9));
    }
  }

  @Test
  void noPreferenceIsACoinsToss() {
    for (double labelSmoothing : new double[] {0, 0.3}) {
      assertThat(new SigmoidLoss(0.1, labelSmoothing).at(0)).isCloseTo(Math.log(2), within(1e-16));
    }
    assertThat(new SigmoidLoss(0.1, 0).slope(0)).isEqualTo(-0.05);
    assertThat(new SigmoidLoss(0.1, 0.5).slope(0)).isZero();
  }

  @Test
  void extremesDoNotOverflow() {
    SigmoidLoss plain = new SigmoidLoss(1, 0);
    assertThat(plain.at(1e5)).isZero();
    assertThat(plain.slope(1e5)).isZero();
    assertThat(plain.at(-1e5)).isEqualTo(1e5);
    assertThat(plain.slope(-1e5)).isEqualTo(-1);

    SigmoidLoss smoothed = new SigmoidLoss(1, 0.1);
    assertThat(smoothed.at(1e5)).isEqualTo(1e4);
    assertThat(smoothed.slope(1e5)).isEqualTo(0.1);
    assertThat(smoothed.at(-1e5)).isEqualTo(9e4);
    assertThat(smoothed.slope(-1e5)).isEqualTo(-0.9);
  }

  /** Where exp(-d) is small against 1, log(1 + exp(-d)) is exp(-d), not 0. */
  @Test
  void smallLossesKeepTheirDigits() {
    assertThat(new SigmoidLoss(1, 0).at(40)).isCloseTo(Math.exp(-40), within(1e-30));
    assertThat(new SigmoidLoss(1, 0).slope(40)).isCloseTo(-Math.exp(-40), within(1e-30));
  }
}
