package dev.polyphase.phases.model;

/**
 * How far down a backward pass goes.
 *
 * @param embedding whether the embedding is trained
 * @param lowestBlock the lowest block that the pass goes through; the number of blocks where it
 *     goes through none
 * @param blocks how many blocks there are
 * @param finalNorm whether the final norm is trained
 */
record TrainedDepth(boolean embedding, int lowestBlock, int blocks, boolean finalNorm) {
  /** Whether a block keeps something for the backward pass. */
  boolean reaches(int layer) {
    return layer >= lowestBlock;
  }

  /** Whether the gradient of a block's input is wanted. */
  boolean belowBlock(int layer) {
    return layer > lowestBlock || embedding;
  }

  /** Whether the gradient of the last block's output is wanted. */
  boolean belowNorm() {
    return embedding || lowestBlock < blocks;
  }

  /** Whether the gradient of the normed rows is wanted. */
  boolean belowHead() {
    return belowNorm() || finalNorm;
  }
}
