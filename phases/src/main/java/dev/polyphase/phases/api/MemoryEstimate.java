package dev.polyphase.phases.api;

import org.jspecify.annotations.Nullable;

/**
 * The memory that a phase will need on its device at its peak, in bytes. What the Java heap and the
 * libraries themselves need is not in it.
 *
 * @param batchRows the rows of the largest forward pass
 * @param batchTokens the tokens of each of these rows, padding counted
 * @param frozenBytes frozen weights, copied into memory
 * @param mappedBytes frozen weights, and a reference's, that are the file's own pages: the system
 *     may drop them and reads them again when they are needed
 * @param masterBytes trained weights in float32
 * @param optimizerBytes the optimiser's states
 * @param offload what is on the CPU, where the model is on a GPU and those two are not; null where
 *     they are with the model
 * @param referenceBytes what a reference takes beyond that: second arrays of trained weights; of
 *     another model, by how much its pass before the first step needs more than training does
 * @param gradientBytes gradients
 * @param activationBytes what forward and backward pass keep and compute with at the worst moment,
 *     or the optimiser while it updates, beyond all gradients
 * @param recomputedBlocks how many blocks are computed again in the backward pass
 * @param differentiatedBlocks how many it goes through: those from the lowest trained one on
 */
public record MemoryEstimate(
    int batchRows,
    int batchTokens,
    long frozenBytes,
    long mappedBytes,
    long masterBytes,
    long optimizerBytes,
    @Nullable Offload offload,
    long referenceBytes,
    long gradientBytes,
    long activationBytes,
    int recomputedBlocks,
    int differentiatedBlocks) {

  /** All of it. */
  public long totalBytes() {
    return unmappedBytes() + mappedBytes;
  }

  /** What must be there at once: all but the mapped weights. */
  public long unmappedBytes() {
    long trained = offload == null ? masterBytes + optimizerBytes : offload.copyBytes();
    return frozenBytes + trained + referenceBytes + gradientBytes + activationBytes;
  }

  /**
   * The same where another moment, before training, needs so much: the peak is the higher of both.
   *
   * @param unmapped what must be there at that moment
   * @param mapped the weights that are files' own pages then
   */
  public MemoryEstimate orBefore(long unmapped, long mapped) {
    long more = Math.max(0, unmapped - unmappedBytes());
    long moreMapped = Math.max(0, unmapped + mapped - totalBytes() - more);
    return new MemoryEstimate(
        batchRows,
        batchTokens,
        frozenBytes,
        mappedBytes + moreMapped,
        masterBytes,
        optimizerBytes,
        offload,
        referenceBytes + more,
        gradientBytes,
        activationBytes,
        recomputedBlocks,
        differentiatedBlocks);
  }

  /** Whether any block is computed again in the backward pass. */
  public boolean recomputed() {
    return recomputedBlocks > 0;
  }

  /** What the CPU needs beside the device: 0 where nothing is offloaded. */
  public long hostBytes() {
    return offload == null ? 0 : masterBytes + optimizerBytes + offload.stagingBytes();
  }

  /**
   * What is apart where masters and states are on the CPU.
   *
   * @param copyBytes the device's copies of trained weights
   * @param stagingBytes of the CPU's memory, what gradients and new weights pass through, and what
   *     updates take
   */
  public record Offload(long copyBytes, long stagingBytes) {}
}
