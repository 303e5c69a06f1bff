package dev.polyphase.data;

import java.util.Arrays;

/**
 * A prompt with a completion that is wanted or not, as tokens. The arrays are not copied.
 *
 * @param prompt what the completion follows
 * @param completion what is judged, without the prompt
 * @param desirable whether it is wanted
 * @param seamInToken whether a token spans the end of the prompt, which was then cut there
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record Judged(int[] prompt, int[] completion, boolean desirable, boolean seamInToken) {

  /** A completion without a seam. */
  public Judged(int[] prompt, int[] completion, boolean desirable) {
    this(prompt, completion, desirable, false);
  }

  /**
   * What of it is left.
   *
   * @param promptFrom the first token of the prompt that is kept
   * @param completionTokens how many tokens of the completion are
   */
  public Judged part(int promptFrom, int completionTokens) {
    if (promptFrom == 0 && completionTokens == completion.length) {
      return this;
    }
    return new Judged(
        Arrays.copyOfRange(prompt, promptFrom, prompt.length),
        Arrays.copyOf(completion, completionTokens),
        desirable);
  }

  /** As much of it as fits into so many tokens, without the completion's end. */
  public Judged upTo(int tokens) {
    return part(0, Math.min(completion.length, tokens - prompt.length));
  }

  /** The tokens of both. */
  public int tokens() {
    return prompt.length + completion.length;
  }

  /** Whether a token is in the completion, and that is wanted. */
  public boolean wants(int id) {
    return desirable && Arrays.stream(completion).anyMatch(token -> token == id);
  }

  /** The prompt and the completion, which carries the loss. */
  public Example row() {
    return Example.afterPrompt(prompt, completion);
  }
}
