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
    Name name,
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    boolean offloaded,
    double maxGradNorm) {

  /** An optimiser where the model is, which clips as it does by default. */
  public Optimizer(Name name, double beta1, double beta2, double epsilon, double weightDecay) {
    this(name, beta1, beta2, epsilon, weightDecay, false, 1);
  }

  /** The optimisers. */
  public enum Name {
    /** AdamW with float32 states. */
    ADAMW,
    /** AdamW with states in bfloat16. */
    ADAMW_BF16,
    /** AdamW with states of 8 bits, quantised by blocks. */
    ADAMW_8BIT,
    /** Adafactor with an outer learning rate. */
    ADAFACTOR,
    /** The sign of an interpolated momentum. */
    LION,
    /** Orthogonalised momentum for the blocks' matrices, AdamW for all else. */
    MUON
  }
}
