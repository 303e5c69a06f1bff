package dev.polyphase.phases.objective;

import java.util.Map;

/**
 * A micro-batch's loss and figures. Loss, gradient and {@code figures} are summed over what {@link
 * MicroBatch#weight()} counts.
 *
 * @param lossSum the sum of the losses
 * @param gradient of the sum with respect to each target's log-probability, {@code [n]}
 * @param figures further sums by their name in {@code metrics.jsonl}
 * @param losses the parts of the loss by dataset, each with as much of the weight as is the
 *     dataset's own; empty where there is one dataset alone
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record Outcome(
    double lossSum, float[] gradient, Map<String, Double> figures, Map<String, Mean> losses) {}
