package dev.polyphase.tokens;

/**
 * A prompt and what should follow it, as tokens. The arrays are not copied.
 *
 * @param prompt the prompt, with what the tokenizer puts in front of every text
 * @param completion what follows, with the end-of-sequence token
 * @param seamInToken whether a token of both joined spans the end of the prompt, so that they were
 *     tokenised on their own
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record PromptCompletion(int[] prompt, int[] completion, boolean seamInToken) {}
