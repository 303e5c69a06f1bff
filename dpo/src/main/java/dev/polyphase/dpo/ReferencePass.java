package dev.polyphase.dpo;

import dev.polyphase.phases.model.Transformer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The reference's log-probabilities of the pairs that a phase will see: one pass over them with the
 * weights at the phase's start, when policy and reference are the same. The batches are those of
 * the phase's first epoch: batches of other lengths are rounded otherwise, and then a policy that
 * has not moved would seem to prefer something.
 */
final class ReferencePass {
  private ReferencePass() {}

  /**
   * The log-probabilities by pair; null for pairs that are in no batch.
   *
   * @param microBatches the pairs of each forward pass, by their index
   * @param pause called between forward passes
   */
  static @Nullable PairLogProbs[] run(
      Transformer model, List<Pair> pairs, List<int[]> microBatches, Runnable pause) {
    @Nullable PairLogProbs[] found = new @Nullable PairLogProbs[pairs.size()];
    for (int[] rows : microBatches) {
      pause.run();
      PairBatch batch = PairBatch.of(Arrays.stream(rows).mapToObj(pairs::get).toList());
      PairLogProbs[] logProbs = PairLogProbs.of(batch, model.logProbs(batch.tokens()));
      for (int i = 0; i < rows.length; i++) {
        found[rows[i]] = logProbs[i];
      }
    }
    return found;
  }
}
