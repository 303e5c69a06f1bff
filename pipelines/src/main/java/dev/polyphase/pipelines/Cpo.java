package dev.polyphase.pipelines;

/**
 * The settings of a {@code cpo} phase, by TRL's names (Xu et al. 2024).
 *
 * @param beta what the difference of log-probabilities is multiplied by; with {@code ipo} the tau
 *     of that
 * @param lossType which loss
 * @param labelSmoothing the share of pairs believed to be the wrong way round, for {@code sigmoid}
 * @param cpoAlpha the weight of the chosen completions' negative log-likelihood
 */
public record Cpo(
    @Key(
            means = "what the difference of log-probabilities is multiplied by",
            absent = "0.1",
            above = 0,
            to = 1000)
        double beta,
    @Key(means = "`sigmoid`, `hinge` or `ipo`; SimPO is a type of phase", absent = "sigmoid")
        LossType lossType,
    @Key(
            means = "share of pairs the wrong way round, below 0.5, for `sigmoid`",
            absent = "0",
            from = 0,
            below = 0.5)
        double labelSmoothing,
    @Key(
            means = "weight of the chosen completions' negative log-likelihood",
            absent = "1",
            from = 0,
            to = 1000)
        double cpoAlpha) {

  /** The losses, by TRL's names. */
  public enum LossType {
    SIGMOID,
    HINGE,
    IPO
  }
}
