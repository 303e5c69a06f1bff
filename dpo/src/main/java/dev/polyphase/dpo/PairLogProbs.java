package dev.polyphase.dpo;

/**
 * A pair's log-probabilities, summed over the completions' tokens.
 *
 * @param chosen of the preferred completion
 * @param rejected of the other one
 */
public record PairLogProbs(double chosen, double rejected) {

  /** Sums the targets' log-probabilities by row. */
  static PairLogProbs[] of(PairBatch batch, float[] logProbs) {
    double[] sums = new double[2 * batch.pairs()];
    for (int i = 0; i < logProbs.length; i++) {
      sums[batch.targetRows()[i]] += logProbs[i];
    }
    PairLogProbs[] pairs = new PairLogProbs[batch.pairs()];
    for (int pair = 0; pair < pairs.length; pair++) {
      pairs[pair] = new PairLogProbs(sums[pair], sums[batch.pairs() + pair]);
    }
    return pairs;
  }
}
