package dev.polyphase.rescanner;

import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.descriptive.rank.Percentile.EstimationType;

/**
 * The singular values of one matrix in brief, and its signal-to-noise ratio, as the published
 * Spectrum scanner defines it (its current code, which differs from the one that made most of the
 * published scans where all values are signal):
 *
 * <pre>
 * sigma     = (q75 - q25) / 1.349                        of the singular values S
 * threshold = sigma * (1 + sqrt(min(rows, columns) / max(rows, columns)))
 * signal    = sum of S &gt; threshold, 0 where there is none
 * noise     = sum of the others, 1 where there is none
 * snr       = (signal / noise) / max(S), where a noise of 0 makes the quotient infinite
 * </pre>
 *
 * <p>The scanner computes in float32; so is every figure here rounded, then widened. All are
 * not-a-number, and the counts 0, where singular values could not be had.
 *
 * @param rows the matrix's rows, 1 for a vector
 * @param columns the matrix's columns
 * @param largest the largest singular value
 * @param sigma the estimated spread of the noise
 * @param threshold the Marchenko-Pastur bound between noise and signal
 * @param above singular values that are signal
 * @param below singular values that are noise
 * @param snr the signal-to-noise ratio; may be infinite
 * @param score what the module is ranked by: the ratio, or the metric that was asked for
 * @param nearlySingular whether the noise is no more than rounding makes, so that the ratio is an
 *     accident
 * @param quantiles {@value #QUANTILES} quantiles of the singular values, evenly spaced from the
 *     smallest to the largest
 */
public record Spectrum(
    long rows,
    long columns,
    double largest,
    double sigma,
    double threshold,
    long above,
    long below,
    double snr,
    double score,
    boolean nearlySingular,
    List<Double> quantiles) {

  /** How many quantiles are kept. */
  public static final int QUANTILES = 64;

  /** The interquartile range of a normal distribution, in standard deviations. */
  private static final float NORMAL_INTERQUARTILE_RANGE = 1.349f;

  public Spectrum {
    quantiles = List.copyOf(quantiles);
  }

  /**
   * Of a matrix's singular values.
   *
   * @param descending the singular values, the largest first
   */
  public static Spectrum of(float[] descending, long rows, long columns) {
    double[] values = new double[descending.length];
    boolean measurable = descending.length > 0;
    for (int i = 0; i < descending.length; i++) {
      values[i] = descending[i];
      measurable &= !Float.isNaN(descending[i]);
    }
    if (!measurable) {
      return unmeasurable(rows, columns);
    }

    // R_7 interpolates linearly between the order statistics, as torch.quantile does.
    Percentile percentile = new Percentile().withEstimationType(EstimationType.R_7);
    percentile.setData(values);
    float sigma =
        ((float) percentile.evaluate(75) - (float) percentile.evaluate(25))
            / NORMAL_INTERQUARTILE_RANGE;
    double beta = (double) Math.min(rows, columns) / Math.max(rows, columns);
    float threshold = sigma * (float) (1 + Math.sqrt(beta));

    int above = 0;
    double sumAbove = 0;
    double sumBelow = 0;
    for (double value : values) {
      if (value > threshold) {
        above++;
        sumAbove += value;
      } else {
        sumBelow += value;
      }
    }
    int below = values.length - above;
    float signal = (float) sumAbove;
    float noise = below == 0 ? 1 : (float) sumBelow;
    float ratio = noise == 0 ? Float.POSITIVE_INFINITY : signal / noise;
    float snr = ratio / descending[0];

    double smallest = values[values.length - 1];
    List<Double> quantiles =
        IntStream.range(0, QUANTILES)
            .mapToObj(i -> i == 0 ? smallest : percentile.evaluate(100.0 * i / (QUANTILES - 1)))
            .map(quantile -> (double) quantile.floatValue())
            .toList();
    boolean nearlySingular =
        below > 0 && sumBelow <= Rounding.noise(descending[0], descending.length);
    return new Spectrum(
        rows,
        columns,
        descending[0],
        sigma,
        threshold,
        above,
        below,
        snr,
        snr,
        nearlySingular,
        quantiles);
  }

  /** Of a tensor without singular values: no vector or matrix, empty, or not finite. */
  public static Spectrum unmeasurable(long rows, long columns) {
    return new Spectrum(
        rows,
        columns,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        0,
        0,
        Double.NaN,
        Double.NaN,
        false,
        List.of());
  }

  /** The same with another ratio, which is its score too. */
  Spectrum withSnr(double other) {
    return with(other, other);
  }

  /** The same with another score. */
  Spectrum withScore(double other) {
    return with(snr, other);
  }

  private Spectrum with(double newSnr, double newScore) {
    return new Spectrum(
        rows,
        columns,
        largest,
        sigma,
        threshold,
        above,
        below,
        newSnr,
        newScore,
        nearlySingular,
        quantiles);
  }
}
