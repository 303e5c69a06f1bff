package dev.polyphase.pipelines;

/**
 * Gives each selected module a learning rate of its own: the phase's, times a factor that grows
 * with the module's SNR among the selected ones of its type.
 *
 * @param scale how the factor grows
 * @param min the factor of a type's lowest SNR, above 0
 * @param max the factor of its highest
 */
public record LrBySnr(
    @Key(
            means =
                "what the factor of the rate is linear in: `linear` (the SNR), `log` (its"
                    + " logarithm) or `rank`")
        Scale scale,
    @Key(means = "the factor of the lowest SNR of a type", absent = "0.5", above = 0, to = Key.RATE)
        double min,
    @Key(
            means =
                "the factor of the highest; modules of one SNR, or alone of their type, have the"
                    + " mean of both",
            absent = "2",
            above = 0,
            to = Key.RATE)
        double max) {

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
