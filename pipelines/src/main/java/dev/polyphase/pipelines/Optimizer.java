package dev.polyphase.pipelines;

/**
 * The optimiser.
 *
 * @param name which one
 * @param beta1 the decay of the first moment ({@code adam_beta1})
 * @param beta2 the decay of the second moment ({@code adam_beta2})
 * @param epsilon added to the root of the second moment ({@code adam_epsilon})
 * @param weightDecay decoupled weight decay, in units of the learning rate
 */
public record Optimizer(Name name, double beta1, double beta2, double epsilon, double weightDecay) {

  /** The optimisers. */
  public enum Name {
    ADAMW
  }
}
