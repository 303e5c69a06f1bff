package dev.polyphase.pipelines;

/**
 * How rows make an optimiser step.
 *
 * @param sequenceLen the longest row in tokens
 * @param microBatchSize rows (pairs in dpo) of one forward pass
 * @param gradientAccumulationSteps forward passes of one optimiser step
 * @param samplePacking whether short rows share a sequence
 * @param shuffle whether rows are shuffled, anew each epoch
 * @param gradientCheckpointing whether blocks are computed again in the backward pass
 * @param neftuneNoiseAlpha the strength of the noise on the embeddings of training rows; 0 for none
 */
public record Batch(
    int sequenceLen,
    int microBatchSize,
    int gradientAccumulationSteps,
    boolean samplePacking,
    boolean shuffle,
    GradientCheckpointing gradientCheckpointing,
    double neftuneNoiseAlpha) {}
