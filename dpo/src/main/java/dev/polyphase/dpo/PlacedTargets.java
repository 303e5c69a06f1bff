package dev.polyphase.dpo;

import ai.djl.ndarray.NDArray;

/**
 * What is said of the n targets of a {@link CompletionBatch}, on the device of their
 * log-probabilities, {@code [n]} each.
 *
 * @param count how many completions there are
 */
record PlacedTargets(
    int count, NDArray completions, NDArray counted, NDArray weights, NDArray likelihoodWeights) {}
