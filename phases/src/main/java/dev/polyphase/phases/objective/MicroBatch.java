package dev.polyphase.phases.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.model.HeadFigures;
import dev.polyphase.phases.model.TargetFigures;

/** The rows of one forward pass. */
public interface MicroBatch {

  /** The tokens, and the targets whose log-probabilities the objective wants. */
  TokenBatch tokens();

  /** How many things the loss is a mean of: tokens that carry loss, or pairs. */
  int weight();

  /** How the sum of these things' losses depends on the targets' log-probabilities. */
  Loss loss();

  /**
   * The loss and the figures that go with it.
   *
   * @param found of a linear loss the targets' log-probabilities, {@code [n]}; of any other what
   *     {@link Evaluation#found} was
   */
  Outcome outcome(double[] found);

  /** How a loss depends on log-probabilities. */
  sealed interface Loss {

    /**
     * The derivative with respect to each is one number whatever they are, so that the backward
     * pass need not know them.
     */
    record Linear(double slope) implements Loss {}

    /**
     * The derivative depends on them. It is found where they are, so that nothing waits for the
     * device.
     */
    non-sealed interface Computed extends Loss {

      /** What the loss looks at beside log-probabilities. */
      HeadFigures wanted();

      /**
       * Finds the derivative of the sum of losses.
       *
       * @param targets of the batch's targets
       * @param divisor the derivative is divided by it
       * @param owner of the result
       */
      Evaluation at(TargetFigures targets, double divisor, NDManager owner);
    }
  }

  /**
   * A loss on the device.
   *
   * @param gradient of the sum of losses with respect to each log-probability, {@code [n]} float32
   * @param found what {@link MicroBatch#outcome} wants to know, float64
   */
  record Evaluation(NDArray gradient, NDArray found) {}
}
