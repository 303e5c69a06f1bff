package dev.polyphase.rescanner;

import dev.polyphase.pipelines.SelectionRule.Metric;

/** A figure of a matrix's singular values that modules are ranked by. */
interface SpectralMetric {

  /**
   * The figure; not a number where it is not defined.
   *
   * @param descending the singular values, finite, the largest first, at least one
   * @param rows the matrix's rows
   * @param columns the matrix's columns
   */
  double of(float[] descending, long rows, long columns);

  /** The computation of a metric other than the published ratio, which {@link Spectrum} has. */
  static SpectralMetric of(Metric metric) {
    return switch (metric) {
      case SNR -> (descending, rows, columns) -> Spectrum.of(descending, rows, columns).snr();
      case SNR_MP -> new EntriesSnr();
      case STABLE_RANK -> new StableRank();
      case ALPHA -> new TailExponent();
      case EFFECTIVE_RANK -> new EffectiveRank();
    };
  }

  /**
   * Whether a larger value means more signal. Ratios of signal to noise do. Ranks do not: noise
   * spreads its energy over all directions, signal over few (Sanyal, Torr and Dokania, "Stable Rank
   * Normalization", ICLR 2020, for the stable rank; the effective rank by the same reasoning). Nor
   * does the exponent of the tail: the better a layer is trained, the heavier its tail (Martin,
   * Peng and Mahoney, Nature Communications 12:4122, 2021).
   */
  static boolean largerIsBetter(Metric metric) {
    return switch (metric) {
      case SNR, SNR_MP -> true;
      case STABLE_RANK, ALPHA, EFFECTIVE_RANK -> false;
    };
  }
}
