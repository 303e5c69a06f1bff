package dev.polyphase.pipelines;

/**
 * The optimiser. An optimiser passes by the constants that it has no use for.
 *
 * @param name which one
 * @param beta1 the decay of the first moment ({@code adam_beta1})
 * @param beta2 the decay of the second moment ({@code adam_beta2}); of {@code lion} that of its
 *     only one
 * @param epsilon added to the root of the second moment ({@code adam_epsilon})
 * @param weightDecay decoupled weight decay, in units of the learning rate
 * @param offloaded whether masters and states are on the CPU, and updates made there, where the
 *     model is on a GPU ({@code optimizer_offload})
 * @param maxGradNorm the gradients' norm above which they are scaled down; 0 for no clipping
 */
public record Optimizer(
    @Key(
            name = "optimizer",
            means =
                "`adamw_bf16` (moments in bfloat16, rounded stochastically), `adamw_8bit`,"
                    + " `adafactor`, `lion`, `muon`; also `adamw_torch`, `adamw_torch_fused`,"
                    + " `adamw_bnb_8bit`, `lion_32bit`",
            absent = "adamw",
            also = "optim")
        Name name,
    @Key(
            name = "adam_beta1",
            means = "decay of the first moment, for all but `adafactor`",
            absent = "0.9",
            from = 0,
            below = 1)
        double beta1,
    @Key(
            name = "adam_beta2",
            means =
                "decay of the second moment, for all but `adafactor`; 0.99 where it stays away for"
                    + " `lion`, whose momentum it is",
            absent = "0.999",
            from = 0,
            below = 1)
        double beta2,
    // below its least the number is 0 in float32, or so near to it that a division overflows
    @Key(
            name = "adam_epsilon",
            means = "added to the root of the second moment",
            absent = "1e-8",
            from = 1e-30,
            to = 1)
        double epsilon,
    @Key(means = "decoupled weight decay", absent = "0", from = 0, to = 1000) double weightDecay,
    @Key(
            name = "optimizer_offload",
            means =
                "keeps masters and the optimiser's states on the CPU, and updates there, where the"
                    + " model is on a GPU: less of its memory, slower steps; not for `muon`",
            absent = "false")
        boolean offloaded,
    // some set it so high that nothing is clipped
    @Key(
            means = "above it gradients are scaled down; 0 for no clipping",
            absent = "1",
            from = 0,
            to = 1e12)
        double maxGradNorm) {

  /** An optimiser where the model is, which clips as it does by default. */
  public Optimizer(Name name, double beta1, double beta2, double epsilon, double weightDecay) {
    this(name, beta1, beta2, epsilon, weightDecay, false, 1);
  }

  /** The optimisers. */
  public enum Name {
    /** AdamW with float32 states. */
    @Word({"adamw", "adamw_torch", "adamw_torch_fused"})
    ADAMW,
    /** AdamW with states in bfloat16. */
    ADAMW_BF16,
    /** AdamW with states of 8 bits, quantised by blocks. */
    @Word({"adamw_8bit", "adamw_bnb_8bit"})
    ADAMW_8BIT,
    /** Adafactor with an outer learning rate. */
    ADAFACTOR,
    /** The sign of an interpolated momentum. */
    @Word({"lion", "lion_32bit"})
    LION,
    /** Orthogonalised momentum for the blocks' matrices, AdamW for all else. */
    MUON
  }
}
