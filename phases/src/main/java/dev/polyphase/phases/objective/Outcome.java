package dev.polyphase.phases.objective;

import java.util.Map;

/**
 * A micro-batch's loss and figures, all summed over what {@link MicroBatch#weight()} counts.
 *
 * @param lossSum the sum of the losses
 * @param gradient of the sum with respect to each target's log-probability, {@code [n]}
 * @param figures further sums by their name in {@code metrics.jsonl}
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record Outcome(double lossSum, float[] gradient, Map<String, Double> figures) {}
