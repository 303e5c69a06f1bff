package dev.polyphase.dpo;

/**
 * The summed log-probabilities of a row's completions under the reference.
 *
 * @param first of a pair's chosen completion, or of a judged row's completion
 * @param second of a pair's rejected completion, or of the completion that follows a judged row's
 *     prompt without being its own
 */
record LogProbs(double first, double second) {}
