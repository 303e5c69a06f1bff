package dev.polyphase.phases.model;

import dev.polyphase.weights.HeadTie;
import java.nio.file.Path;
import java.util.List;

/**
 * A model's shape, read from {@code config.json}.
 *
 * @param file where it was read
 * @param architecture the family
 * @param hiddenSize the width of the residual stream
 * @param intermediateSize the width inside the MLP
 * @param numLayers transformer blocks
 * @param numHeads query heads
 * @param numKeyValueHeads key and value heads; divides {@code numHeads}
 * @param headDim values of one head
 * @param vocabSize rows of the embedding
 * @param rmsNormEps added to the mean square in norms
 * @param rope the position embedding
 * @param windows per layer, how many positions a token sees, itself included; 0 for all
 * @param queryKeyValueBias whether q, k and v have biases
 * @param outputBias whether o has a bias
 * @param mlpBias whether gate, up and down have biases
 * @param queryKeyNorm whether queries and keys are normed per head
 * @param head whether the head is the embedding
 */
public record ModelConfig(
    Path file,
    Architecture architecture,
    int hiddenSize,
    int intermediateSize,
    int numLayers,
    int numHeads,
    int numKeyValueHeads,
    int headDim,
    int vocabSize,
    double rmsNormEps,
    Rope rope,
    List<Integer> windows,
    boolean queryKeyValueBias,
    boolean outputBias,
    boolean mlpBias,
    boolean queryKeyNorm,
    HeadTie head) {

  public ModelConfig {
    windows = List.copyOf(windows);
  }

  /** Whether the head is the embedding. */
  public boolean tiedHead() {
    return head == HeadTie.TIED;
  }

  /** The same with another word on the head. */
  ModelConfig withHead(HeadTie other) {
    return new ModelConfig(
        file,
        architecture,
        hiddenSize,
        intermediateSize,
        numLayers,
        numHeads,
        numKeyValueHeads,
        headDim,
        vocabSize,
        rmsNormEps,
        rope,
        windows,
        queryKeyValueBias,
        outputBias,
        mlpBias,
        queryKeyNorm,
        other);
  }
}
