package dev.polyphase.dpo;

import dev.polyphase.phases.model.Transformer;
import java.util.List;

/**
 * The reference's log-probabilities of all pairs: one pass over the weights at the phase's start,
 * when policy and reference are the same.
 */
final class ReferencePass {
  private ReferencePass() {}

  /**
   * One entry a pair, in the pairs' order.
   *
   * @param pause called between forward passes
   */
  static PairLogProbs[] run(
      Transformer model, List<Pair> pairs, int microBatchSize, Runnable pause) {
    PairLogProbs[] found = new PairLogProbs[pairs.size()];
    for (int start = 0; start < found.length; start += microBatchSize) {
      pause.run();
      int end = Math.min(start + microBatchSize, found.length);
      PairBatch batch = PairBatch.of(pairs.subList(start, end));
      PairLogProbs[] logProbs = PairLogProbs.of(batch, model.logProbs(batch.tokens()));
      System.arraycopy(logProbs, 0, found, start, logProbs.length);
    }
    return found;
  }
}
