package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.Arrays;

/**
 * NEFTune (Jain et al. 2023): to the embeddings of a row of L tokens uniform noise between {@code
 * -alpha / sqrt(L d)} and {@code alpha / sqrt(L d)} is added, d being the hidden size. It is drawn
 * once for each forward pass that is differentiated, and has no part in the backward pass.
 *
 * <p>L is the row's own tokens, padding not counted; of packed rows it is the sequence's, as with
 * other trainers, so that their noise is weaker.
 */
public final class EmbeddingNoise {
  /** Keeps the noise from what else is drawn by the same seed. */
  private static final long STREAM = 0x4E454654756E65L;

  private final double alpha;
  private final PassSeeds seeds;

  /**
   * Noise of a phase.
   *
   * @param alpha its strength, above 0
   * @param seed which noise it is, together with the step and the pass within it
   */
  public EmbeddingNoise(double alpha, long seed) {
    this.alpha = alpha;
    this.seeds = new PassSeeds(seed ^ STREAM);
  }

  void startStep(long index) {
    seeds.startStep(index);
  }

  /** The seed of the next forward pass of this step, not negative. */
  long nextSeed() {
    return seeds.next();
  }

  /**
   * The largest noise of each token: {@code [batch, 1, 1]}, or of packed sequences {@code [1, seq,
   * 1]}.
   *
   * @param uploads to the embeddings' device
   */
  NDArray bounds(TokenBatch batch, int hiddenSize, Uploads uploads, NDManager scratch) {
    int[] lengths = batch.lengths();
    if (lengths.length == batch.batch()) {
      float[] ofRow = new float[lengths.length];
      for (int row = 0; row < ofRow.length; row++) {
        ofRow[row] = bound(lengths[row], hiddenSize);
      }
      return uploads.of(scratch, ofRow, ofRow.length, 1, 1);
    }
    float[] ofToken = new float[batch.seq()];
    int start = 0;
    for (int length : lengths) {
      Arrays.fill(ofToken, start, start + length, bound(length, hiddenSize));
      start += length;
    }
    return uploads.of(scratch, ofToken, 1, ofToken.length, 1);
  }

  private float bound(int tokens, int hiddenSize) {
    return (float) (alpha / Math.sqrt((double) tokens * hiddenSize));
  }
}
