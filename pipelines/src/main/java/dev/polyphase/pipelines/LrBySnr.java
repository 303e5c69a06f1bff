package dev.polyphase.pipelines;

/**
 * Gives each selected module a learning rate of its own: the phase's, times a factor that grows
 * with the module's SNR among the selected ones of its type.
 *
 * @param scale how the factor grows
 * @param min the factor of a type's lowest SNR, above 0
 * @param max the factor of its highest
 */
public record LrBySnr(Scale scale, double min, double max) {

  /** What the factor is linear in. */
  public enum Scale {
    /** The SNR. */
    LINEAR,
    /** Its logarithm. */
    LOG,
    /** Its place in the order of SNRs. */
    RANK
  }
}
