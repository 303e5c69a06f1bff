package dev.polyphase.rescanner;

import dev.polyphase.pipelines.SelectionRule.Metric;
import dev.polyphase.pipelines.SelectionRule.Profile;

/**
 * What a scan makes of a matrix's singular values.
 *
 * @param profile how the signal-to-noise ratio is computed
 * @param metric what modules are ranked by
 */
public record Measure(Profile profile, Metric metric) {
  /** As the published scanner. */
  public static final Measure PUBLISHED = new Measure(Profile.SPECTRUM, Metric.SNR);

  /**
   * Measures a matrix.
   *
   * @param descending its singular values, the largest first; not-a-numbers where its weights are
   *     not finite
   */
  Spectrum of(float[] descending, long rows, long columns) {
    Spectrum spectrum = Spectrum.of(descending, rows, columns);
    if (!Double.isFinite(spectrum.largest())) {
      return profile == Profile.SPECTRUM ? spectrum : Spectrum.unmeasurable(rows, columns);
    }
    if (profile == Profile.ROBUST) {
      spectrum = spectrum.withSnr(RobustSnr.of(descending, spectrum.threshold()));
    }
    return metric == Metric.SNR
        ? spectrum
        : spectrum.withScore(SpectralMetric.of(metric).of(descending, rows, columns));
  }
}
