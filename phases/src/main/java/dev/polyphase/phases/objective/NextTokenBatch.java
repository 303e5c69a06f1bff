package dev.polyphase.phases.objective;

import dev.polyphase.phases.batches.TokenBatch;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalDouble;

/** Rows of which each token that carries loss costs its negative log-probability. */
record NextTokenBatch(TokenBatch tokens) implements MicroBatch {
  /** Of -log p with respect to log p. */
  private static final float SLOPE = -1;

  @Override
  public int weight() {
    return tokens.lossTokens();
  }

  @Override
  public OptionalDouble slope() {
    return OptionalDouble.of(SLOPE);
  }

  @Override
  public Outcome evaluate(float[] logProbs) {
    double lossSum = 0;
    for (float logProb : logProbs) {
      lossSum -= logProb;
    }
    float[] gradient = new float[logProbs.length];
    Arrays.fill(gradient, SLOPE);
    return new Outcome(lossSum, gradient, Map.of());
  }
}
