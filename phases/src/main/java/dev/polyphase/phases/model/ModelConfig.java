package dev.polyphase.phases.model;

import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.util.List;

/**
 * What a model computes, read from {@code config.json}.
 *
 * @param hiddenSize the width of the residual stream
 * @param vocabSize rows of the embedding
 * @param norm the final one
 * @param blocks the transformer blocks, from below
 * @param ends what both ends do beside looking up and multiplying
 * @param head whether the head is the embedding
 * @param names how its tensors are named
 */
public record ModelConfig(
    int hiddenSize,
    int vocabSize,
    RmsNorm norm,
    List<DecoderBlock> blocks,
    EndRules ends,
    HeadTie head,
    TextNames names) {

  public ModelConfig {
    blocks = List.copyOf(blocks);
  }

  /** How many blocks there are. */
  public int numLayers() {
    return blocks.size();
  }

  /** Whether the head is the embedding. */
  public boolean tiedHead() {
    return head == HeadTie.TIED;
  }

  /** What the loss of routing is multiplied by; 0 where none is asked for. */
  double routingLossWeight() {
    return blocks.stream()
        .mapToDouble(
            block -> block.feedForward() instanceof Experts experts ? experts.lossWeight() : 0)
        .max()
        .orElse(0);
  }

  /**
   * The same as a checkpoint stores it: its names, whether its head is tied, and whether its
   * experts are fused.
   */
  public ModelConfig storedIn(Checkpoint checkpoint) throws IOException {
    List<DecoderBlock> stored = blocks.stream().map(block -> block.storedIn(checkpoint)).toList();
    return new ModelConfig(
        hiddenSize,
        vocabSize,
        norm,
        stored,
        ends,
        HeadTie.of(checkpoint),
        TextNames.of(checkpoint));
  }
}
