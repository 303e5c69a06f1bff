package dev.polyphase.phases.objective;

import java.util.Map;

/**
 * A micro-batch's loss and figures.
 *
 * @param lossSum the sum of the losses of what {@link MicroBatch#weight()} counts
 * @param figures further means by their name in {@code metrics.jsonl}; one of nothing is left out
 * @param losses the parts of the loss by dataset, each with as much of the weight as is the
 *     dataset's own; empty where there is one dataset alone
 */
public record Outcome(double lossSum, Map<String, Mean> figures, Map<String, Mean> losses) {}
