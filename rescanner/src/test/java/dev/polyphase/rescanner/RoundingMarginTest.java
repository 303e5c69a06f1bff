package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RoundingMarginTest {

  /** The quartiles are 2 and 0.5 and the threshold 2.22, wherever the second value lies above 2. */
  private static float[] spectrumWith(double nearThreshold) {
    return new float[] {6, (float) nearThreshold, 2, 1.5f, 1.2f, 1, 0.5f, 0.4f, 0.3f};
  }

  private static double threshold() {
    return Spectrum.of(spectrumWith(3.5), 9, 9).threshold();
  }

  @Test
  void certainWhereNoValueIsNearTheThreshold() {
    assertThat(RoundingMargin.isKept(spectrumWith(1.01 * threshold()), 9, 9)).isTrue();
  }

  @Test
  void uncertainWhereRoundingCanCarryAValueAcross() {
    double threshold = threshold();

    assertThat(RoundingMargin.isKept(spectrumWith(threshold), 9, 9)).isFalse();
    assertThat(RoundingMargin.isKept(spectrumWith(threshold * (1 + 2e-7)), 9, 9)).isFalse();
    assertThat(RoundingMargin.isKept(spectrumWith(threshold * (1 - 2e-7)), 9, 9)).isFalse();
  }

  @Test
  void uncertainWhereTheNoiseIsOfRoundingsMaking() {
    float[] lowRank = {9, 2e-7f, 1.8e-7f, 1.5e-7f, 1e-7f, 5e-8f, 3e-8f};

    assertThat(RoundingMargin.isKept(lowRank, 7, 20)).isFalse();
  }

  @Test
  void uncertainWithoutAMeasurableValue() {
    assertThat(RoundingMargin.isKept(new float[] {0, 0, 0}, 3, 9)).isFalse();
    assertThat(RoundingMargin.isKept(new float[] {Float.POSITIVE_INFINITY, 1, 1}, 3, 9)).isFalse();
  }
}
