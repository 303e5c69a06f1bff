package dev.polyphase.phases.api;

/**
 * The memory that a phase will need on its device at its peak, in bytes. What the Java heap and the
 * libraries themselves need is not in it.
 *
 * @param batchRows the rows of the largest forward pass
 * @param batchTokens the tokens of each of these rows, padding counted
 * @param frozenBytes frozen weights, copied into memory
 * @param mappedBytes frozen weights that are the file's own pages: the system may drop them and
 *     reads them again when they are needed
 * @param masterBytes trained weights
 * @param optimizerBytes the optimiser's states
 * @param gradientBytes gradients
 * @param activationBytes what forward and backward pass keep and compute with at the worst moment,
 *     beyond all gradients
 * @param recomputed whether blocks are computed again in the backward pass
 */
public record MemoryEstimate(
    int batchRows,
    int batchTokens,
    long frozenBytes,
    long mappedBytes,
    long masterBytes,
    long optimizerBytes,
    long gradientBytes,
    long activationBytes,
    boolean recomputed) {

  /** All of it. */
  public long totalBytes() {
    return unmappedBytes() + mappedBytes;
  }

  /** What must be there at once: all but the mapped weights. */
  public long unmappedBytes() {
    return frozenBytes + masterBytes + optimizerBytes + gradientBytes + activationBytes;
  }
}
