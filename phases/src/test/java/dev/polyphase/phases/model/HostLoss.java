package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.function.UnaryOperator;

/** Losses whose gradients tests find in Java. */
public final class HostLoss {
  private HostLoss() {}

  /**
   * A forward and a backward pass.
   *
   * @param gradientOf of the log-probabilities {@code [n]}
   */
  public static void differentiate(
      Transformer model, TokenBatch batch, UnaryOperator<float[]> gradientOf, Gradients gradients) {
    model.differentiate(
        batch,
        HeadFigures.NONE,
        targets -> {
          NDArray logProbs = targets.logProbs();
          float[] gradient = gradientOf.apply(logProbs.toFloatArray());
          return logProbs.getManager().create(gradient, logProbs.getShape());
        },
        gradients);
  }
}
