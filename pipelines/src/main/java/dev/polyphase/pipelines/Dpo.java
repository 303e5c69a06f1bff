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
    double beta,
    LossType lossType,
    double labelSmoothing,
    double discopopTau,
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
