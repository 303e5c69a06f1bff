package dev.polyphase.phases.model;

import dev.polyphase.weights.HeadTie;
import java.util.List;

/**
 * What a model computes, read from {@code config.json}.
 *
 * @param hiddenSize the width of the residual stream
 * @param vocabSize rows of the embedding
 * @param rmsNormEps added to the mean square in the final norm
 * @param blocks the transformer blocks, from below
 * @param head whether the head is the embedding
 */
public record ModelConfig(
    int hiddenSize, int vocabSize, double rmsNormEps, List<DecoderBlock> blocks, HeadTie head) {

  public ModelConfig {
    blocks = List.copyOf(blocks);
  }

  /** How many blocks there are. */
  public int numLayers() {
    return blocks.size();
  }

  /** The position embedding, which all blocks have in common. */
  Rope rope() {
    return blocks.get(0).attention().rope();
  }

  /** Values of one head, in all blocks. */
  int headDim() {
    return blocks.get(0).attention().heads().dim();
  }

  /** Whether the head is the embedding. */
  public boolean tiedHead() {
    return head == HeadTie.TIED;
  }

  /** The same with another word on the head. */
  ModelConfig withHead(HeadTie other) {
    return new ModelConfig(hiddenSize, vocabSize, rmsNormEps, blocks, other);
  }
}
