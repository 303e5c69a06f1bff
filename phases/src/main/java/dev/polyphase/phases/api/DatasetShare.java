package dev.polyphase.phases.api;

/**
 * What an epoch has of a dataset.
 *
 * @param dataset what metrics call it; others may share the name
 * @param rows its rows that can be trained on; of a row that was split its pieces, of dpo pairs, of
 *     kto completions
 * @param epochRows the rows of one pass over all datasets that are of it: each as often as it is
 *     seen
 * @param epochTokens the tokens in these
 */
public record DatasetShare(String dataset, long rows, long epochRows, long epochTokens) {}
