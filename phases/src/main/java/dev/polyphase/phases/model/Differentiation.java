package dev.polyphase.phases.model;

/**
 * What a pass is differentiated for.
 *
 * @param loss of the batch
 * @param gradients to add the trained tensors' gradients to
 * @param depth how far down they go
 * @param dropoutSeed of the adapters' dropout
 * @param noiseSeed of the noise on embeddings, where there is any
 * @param putsHeadOff whether the gradient of the head's weight is added only before that of the
 *     embedding, which is the same tensor: passes before may still have to add theirs
 */
record Differentiation(
    PassLoss loss,
    Gradients gradients,
    TrainedDepth depth,
    long dropoutSeed,
    long noiseSeed,
    boolean putsHeadOff) {}
