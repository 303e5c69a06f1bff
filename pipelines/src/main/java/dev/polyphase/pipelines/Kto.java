package dev.polyphase.pipelines;

/**
 * The settings of a {@code kto} phase, by TRL's names (Ethayarajh et al. 2024).
 *
 * @param beta the strength of the pull to the reference
 * @param lossType which loss
 * @param desirableWeight what the losses of wanted completions are multiplied by
 * @param undesirableWeight what those of the others are multiplied by
 * @param reference where the reference log-probabilities come from
 */
public record Kto(
    @Key(means = "the pull to the reference", absent = "0.1", above = 0, to = 1000) double beta,
    @Key(means = "`kto` or `apo_zero_unpaired`", absent = "kto") LossType lossType,
    @Key(
            means = "what the losses of wanted completions are multiplied by",
            absent = "1",
            from = 0,
            to = 1000)
        double desirableWeight,
    @Key(
            means = "what those of unwanted completions are multiplied by",
            absent = "1",
            from = 0,
            to = 1000)
        double undesirableWeight,
    @Key(means = Dpo.OF_REFERENCE, absent = "precomputed", wanted = Dpo.REFERENCE_IN_WORDS)
        Reference reference) {

  /** The losses, by TRL's names. */
  public enum LossType {
    /** Against the mean distance of the policy from the reference. */
    KTO,
    /** Without that (APO, D'Oosterlinck et al. 2024). */
    APO_ZERO_UNPAIRED
  }
}
