package dev.polyphase.phases.api;

import org.jspecify.annotations.Nullable;

/**
 * A row's score.
 *
 * @param tokens the labels that count: those that are not -100, after the shift by one
 * @param logprob the sum of their log-probabilities, in nats
 * @param loss {@code -logprob / tokens}, or null at 0 tokens
 */
public record ScoredRow(long tokens, double logprob, @Nullable Double loss) {}
