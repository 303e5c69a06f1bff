package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.polyphase.pipelines.SelectionRule.Metric;
import java.util.Arrays;
import java.util.Random;
import org.apache.commons.math3.distribution.ParetoDistribution;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.random.Well19937c;
import org.apache.commons.math3.stat.inference.KolmogorovSmirnovTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The metrics against closed forms, the matrices' entries, and Commons Math. */
final class SpectralMetricTest {

  @Test
  void ranksAreClosedForms() {
    assertThat(of(Metric.STABLE_RANK, 4, 2, 2)).isEqualTo(1.5);
    assertThat(of(Metric.STABLE_RANK, 3, 3, 3, 3)).isEqualTo(4);
    assertThat(of(Metric.STABLE_RANK, 5, 0, 0)).isEqualTo(1);
    assertThat(of(Metric.EFFECTIVE_RANK, 3, 3, 3, 3)).isCloseTo(4, within(1e-12));
    assertThat(of(Metric.EFFECTIVE_RANK, 5, 0, 0)).isCloseTo(1, within(1e-12));
    // Shares of 1/2, 1/4 and 1/4 have an entropy of 3/2 bits.
    assertThat(of(Metric.EFFECTIVE_RANK, 4, 2, 2)).isCloseTo(Math.pow(2, 1.5), within(1e-12));
  }

  /** The Frobenius norm and the entries' variance need no singular values. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void agreeWithTheEntries(long seed) {
    RealMatrix matrix = gaussian(seed, 30, 50);
    float[] values = JavaSingularValues.of(matrix);
    double frobenius = matrix.getFrobeniusNorm();

    assertThat(SpectralMetric.of(Metric.STABLE_RANK).of(values, 30, 50))
        .isCloseTo(Math.pow(frobenius / values[0], 2), withPercentage(1e-3));

    double threshold = frobenius / Math.sqrt(30 * 50) * (Math.sqrt(30) + Math.sqrt(50));
    double signal = 0;
    double noise = 0;
    for (float value : values) {
      signal += value > threshold ? value : 0;
      noise += value > threshold ? 0 : value;
    }
    assertThat(SpectralMetric.of(Metric.SNR_MP).of(values, 30, 50))
        .isCloseTo(signal / noise / values[0], withPercentage(1e-3));
  }

  /** The law's edge: noise alone has next to nothing above it, a strong direction is above it. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void edgeParsesSignalFromNoise(long seed) {
    RealMatrix noise = gaussian(seed, 80, 120);
    RealMatrix signal = gaussian(seed + 100, 80, 1).multiply(gaussian(seed + 200, 1, 120));

    double ofNoise = SpectralMetric.of(Metric.SNR_MP).of(JavaSingularValues.of(noise), 80, 120);
    float[] values = JavaSingularValues.of(noise.add(signal));
    double ofBoth = SpectralMetric.of(Metric.SNR_MP).of(values, 80, 120);

    assertThat(ofNoise).isLessThan(1e-3);
    double rest = 0;
    for (int i = 1; i < values.length; i++) {
      rest += values[i];
    }
    assertThat(ofBoth).isCloseTo(1 / rest, withPercentage(1e-3));
  }

  /** Eigenvalues that are a Pareto law's quantiles have its exponent. */
  @ParameterizedTest
  @CsvSource({"2", "2.5", "4", "6"})
  void tailExponentIsThatOfThePareto(double exponent) {
    int n = 2000;
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      double eigenvalue = Math.pow((i + 0.5) / n, -1 / (exponent - 1));
      values[i] = (float) Math.sqrt(eigenvalue);
    }
    assertThat(SpectralMetric.of(Metric.ALPHA).of(values, n, n))
        .isCloseTo(exponent, withPercentage(3));
  }

  /** The same search, each distance by Commons Math's test against its distribution. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void tailExponentIsThatOfTheSmallestDistance(long seed) {
    float[] values = JavaSingularValues.of(gaussian(seed, 24, 60));
    double[] eigenvalues = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      eigenvalues[i] = (double) values[i] * values[i];
    }
    double best = Double.NaN;
    double smallest = Double.POSITIVE_INFINITY;
    for (int tail = 10; tail <= eigenvalues.length; tail++) {
      double[] inTail = Arrays.copyOf(eigenvalues, tail);
      double begin = inTail[tail - 1];
      double exponent = 1 + tail / Arrays.stream(inTail).map(x -> Math.log(x / begin)).sum();
      double distance =
          new KolmogorovSmirnovTest()
              .kolmogorovSmirnovStatistic(
                  new ParetoDistribution(new Well19937c(1), begin, exponent - 1), inTail);
      if (distance < smallest) {
        smallest = distance;
        best = exponent;
      }
    }
    assertThat(SpectralMetric.of(Metric.ALPHA).of(values, 24, 60))
        .isCloseTo(best, withPercentage(1e-6));
  }

  @Test
  void whatIsNotDefinedIsNotANumber() {
    assertThat(of(Metric.STABLE_RANK, 0, 0)).isNaN();
    assertThat(of(Metric.EFFECTIVE_RANK, 0, 0)).isNaN();
    assertThat(of(Metric.ALPHA, 0, 0)).isNaN();
    assertThat(of(Metric.ALPHA, 3)).isNaN();
    assertThat(of(Metric.ALPHA, 3, 3, 3)).isNaN();
    assertThat(of(Metric.SNR_MP, 0, 0)).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void transposingChangesNothingAndScalingDoesWhatTheFormulaSays(Metric metric) {
    for (long seed = 1; seed <= 5; seed++) {
      RealMatrix matrix =
          gaussian(seed, 20, 3).multiply(gaussian(seed + 50, 3, 33)).add(gaussian(seed, 20, 33));
      double plain = SpectralMetric.of(metric).of(JavaSingularValues.of(matrix), 20, 33);
      double transposed =
          SpectralMetric.of(metric).of(JavaSingularValues.of(matrix.transpose()), 33, 20);
      double scaled =
          SpectralMetric.of(metric).of(JavaSingularValues.of(matrix.scalarMultiply(4)), 20, 33);

      boolean ratio = metric == Metric.SNR || metric == Metric.SNR_MP;
      assertThat(transposed).isCloseTo(plain, withPercentage(1e-2));
      assertThat(scaled).isCloseTo(ratio ? plain / 4 : plain, withPercentage(1e-2));
    }
  }

  /** A low rank beside noise is better than noise by every metric of the spectrum's shape. */
  @ParameterizedTest
  @EnumSource(names = {"SNR_MP", "STABLE_RANK", "EFFECTIVE_RANK"})
  void signalIsBetterThanNoise(Metric metric) {
    RealMatrix noise = gaussian(7, 40, 60);
    RealMatrix signal = gaussian(8, 40, 2).multiply(gaussian(9, 2, 60)).scalarMultiply(2);
    double ofNoise = SpectralMetric.of(metric).of(JavaSingularValues.of(noise), 40, 60);
    double ofBoth = SpectralMetric.of(metric).of(JavaSingularValues.of(noise.add(signal)), 40, 60);

    assertThat(ofBoth > ofNoise).isEqualTo(SpectralMetric.largerIsBetter(metric));
  }

  private static double of(Metric metric, float... descending) {
    return SpectralMetric.of(metric).of(descending, descending.length, descending.length);
  }

  private static RealMatrix gaussian(long seed, int rows, int columns) {
    Random random = new Random(seed);
    RealMatrix matrix = new Array2DRowRealMatrix(rows, columns);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        matrix.setEntry(row, column, random.nextGaussian());
      }
    }
    return matrix;
  }
}
