package dev.polyphase.pipelines;

/**
 * The settings of a preference phase.
 *
 * @param beta the strength of the pull to the reference
 * @param lossType which loss
 * @param labelSmoothing the share of pairs believed to be the wrong way round; with {@code sigmoid}
 *     this is cDPO
 * @param discopopTau the temperature of {@code discopop}
 * @param reference where the reference log-probabilities come from
 */
public record Dpo(
    @Key(means = "the pull to the reference", absent = "0.1", above = 0, to = 1000) double beta,
    @Key(
            means =
                "TRL's names: `sigmoid`; not built yet: `hinge`, `ipo`, `exo_pair`, `nca_pair`,"
                    + " `robust`, `bco_pair`, `sppo_hard`, `aot`, `aot_unpaired`, `apo_zero`,"
                    + " `apo_down`, `discopop`, `sft`, `sigmoid_norm`",
            absent = "sigmoid")
        LossType lossType,
    @Key(
            means = "share of pairs the wrong way round, below 0.5; sigmoid with it is cDPO",
            absent = "0",
            from = 0,
            below = 0.5)
        double labelSmoothing,
    @Key(
            means = "temperature of `discopop`, which is not built yet",
            absent = "0.05",
            above = 0,
            to = 1000)
        double discopopTau,
    @Key(
            means =
                "`precomputed`: the model that the phase starts from; not built yet: `shared`, and"
                    + " a model's folder",
            absent = "precomputed",
            wanted = "precomputed, shared or a model's folder")
        Reference reference) {

  /** The losses, by TRL's names. */
  public enum LossType {
    SIGMOID,
    HINGE,
    IPO,
    EXO_PAIR,
    NCA_PAIR,
    ROBUST,
    BCO_PAIR,
    SPPO_HARD,
    AOT,
    AOT_UNPAIRED,
    APO_ZERO,
    APO_DOWN,
    DISCOPOP,
    SFT,
    SIGMOID_NORM
  }

  /** Where the reference log-probabilities come from. */
  public sealed interface Reference {
    /** One pass over the weights at the phase's start. */
    record Precomputed() implements Reference {}

    /** A second forward of each batch on the frozen weights and a snapshot of the trained ones. */
    record Shared() implements Reference {}

    /**
     * Another checkpoint.
     *
     * @param path its folder, relative to the pipeline file's
     */
    record Checkpoint(String path) implements Reference {}
  }
}
