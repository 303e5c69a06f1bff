package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import java.util.Random;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SpectrumTest {

  @Test
  void followsTheFormulaOnASquareMatrix() {
    Spectrum spectrum = Spectrum.of(new float[] {10, 4, 3, 2, 1}, 5, 5);

    // Quartiles 4 and 2; the threshold of a square matrix is 2 sigma.
    assertThat(spectrum.sigma()).isCloseTo(2 / 1.349, withPercentage(1e-4));
    assertThat(spectrum.threshold()).isCloseTo(4 / 1.349, withPercentage(1e-4));
    assertThat(spectrum.above()).isEqualTo(3);
    assertThat(spectrum.below()).isEqualTo(2);
    assertThat(spectrum.snr()).isCloseTo((10 + 4 + 3) / (2.0 + 1.0) / 10, withPercentage(1e-4));
    assertThat(spectrum.largest()).isEqualTo(10);
  }

  @Test
  void thresholdFollowsTheRatioOfTheSides() {
    Spectrum wide = Spectrum.of(new float[] {10, 4, 3, 2, 1}, 5, 20);

    assertThat(wide.threshold()).isCloseTo(2 / 1.349 * 1.5, withPercentage(1e-4));
    assertThat(wide.above()).isEqualTo(4 - 1);
    assertThat(wide)
        .usingRecursiveComparison()
        .ignoringFields("rows", "columns")
        .isEqualTo(Spectrum.of(new float[] {10, 4, 3, 2, 1}, 20, 5));
  }

  @Test
  void quartilesLieBetweenTheValues() {
    // Of four values the quartiles are 1.75 and 3.25, as torch.quantile interpolates.
    Spectrum spectrum = Spectrum.of(new float[] {4, 3, 2, 1}, 4, 4);

    assertThat(spectrum.sigma()).isCloseTo(1.5 / 1.349, withPercentage(1e-4));
  }

  @Test
  void whatEqualsTheThresholdIsNoise() {
    // The quartiles 1.349 and 0 make sigma 1 and the threshold 2.
    Spectrum spectrum = Spectrum.of(new float[] {2, 1.349f, 0.5f, 0, 0}, 5, 5);

    assertThat(spectrum.threshold()).isEqualTo(2);
    assertThat(spectrum.above()).isZero();
    assertThat(spectrum.snr()).isZero();
  }

  @Test
  void noiseIsOneWhereEverythingIsSignal() {
    Spectrum spectrum = Spectrum.of(new float[] {4, 4, 4}, 3, 3);

    assertThat(spectrum.below()).isZero();
    assertThat(spectrum.snr()).isEqualTo(12.0 / 4);
  }

  @ParameterizedTest
  @ValueSource(floats = {0.1f, 1, 3.3f, 1e-20f, 7e20f})
  void vectorsHaveExactlyOne(float norm) {
    assertThat(Spectrum.of(new float[] {norm}, 1, 64).snr()).isEqualTo(1.0);
  }

  @Test
  void zeroMatrixIsInfinite() {
    assertThat(Spectrum.of(new float[] {0, 0, 0}, 3, 5).snr()).isEqualTo(Double.POSITIVE_INFINITY);
  }

  @Test
  void signalOverNoNoiseIsInfinite() {
    Spectrum spectrum = Spectrum.of(new float[] {5, 0, 0, 0, 0}, 5, 5);

    assertThat(spectrum.above()).isEqualTo(1);
    assertThat(spectrum.snr()).isEqualTo(Double.POSITIVE_INFINITY);
  }

  @Test
  void whatIsNotFiniteIsNotANumber() {
    Spectrum spectrum = Spectrum.of(new float[] {Float.NaN, Float.NaN}, 2, 3);

    assertThat(spectrum.snr()).isNaN();
    assertThat(spectrum.quantiles()).isEmpty();
    assertThat(Spectrum.of(new float[0], 0, 3).snr()).isNaN();
  }

  @Test
  void quantilesRunFromTheSmallestToTheLargest() {
    float[] descending = new float[Spectrum.QUANTILES];
    IntStream.range(0, descending.length).forEach(i -> descending[i] = 2f * (63 - i));

    assertThat(Spectrum.of(descending, 64, 64).quantiles())
        .isEqualTo(IntStream.range(0, 64).mapToObj(i -> 2.0 * i).toList());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void transposingChangesNothing(long seed) {
    RealMatrix matrix = lowRankAndNoise(seed);

    Spectrum upright = Spectrum.of(JavaSingularValues.of(matrix), 24, 40);
    Spectrum transposed = Spectrum.of(JavaSingularValues.of(matrix.transpose()), 40, 24);

    assertThat(transposed.snr()).isCloseTo(upright.snr(), withPercentage(1e-3));
    assertThat(transposed.above()).isEqualTo(upright.above());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void scalingDividesTheRatioButNotTheCounts(long seed) {
    RealMatrix matrix = lowRankAndNoise(seed);

    Spectrum plain = Spectrum.of(JavaSingularValues.of(matrix), 24, 40);
    Spectrum scaled = Spectrum.of(JavaSingularValues.of(matrix.scalarMultiply(8)), 24, 40);

    assertThat(plain.below()).isPositive();
    assertThat(scaled.above()).isEqualTo(plain.above());
    assertThat(scaled.threshold()).isCloseTo(8 * plain.threshold(), withPercentage(1e-3));
    assertThat(scaled.snr()).isCloseTo(plain.snr() / 8, withPercentage(1e-3));
  }

  private static RealMatrix lowRankAndNoise(long seed) {
    Random random = new Random(seed);
    RealMatrix signal = gaussian(random, 24, 3).multiply(gaussian(random, 3, 40));
    return signal.add(gaussian(random, 24, 40));
  }

  private static RealMatrix gaussian(Random random, int rows, int columns) {
    RealMatrix matrix = new Array2DRowRealMatrix(rows, columns);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        matrix.setEntry(row, column, random.nextGaussian());
      }
    }
    return matrix;
  }
}
