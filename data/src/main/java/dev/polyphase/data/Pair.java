package dev.polyphase.data;

import java.util.Arrays;

/**
 * A prompt with the completion that is preferred and the one that is not, as tokens. The arrays are
 * not copied.
 *
 * @param prompt what both completions follow
 * @param chosen the preferred completion, without the prompt
 * @param rejected the other completion, without the prompt
 * @param seamInToken whether a token spans the end of the prompt, which was then cut there
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record Pair(int[] prompt, int[] chosen, int[] rejected, boolean seamInToken) {

  /** A pair without a seam. */
  public Pair(int[] prompt, int[] chosen, int[] rejected) {
    this(prompt, chosen, rejected, false);
  }

  /**
   * What of it is left.
   *
   * @param promptFrom the first token of the prompt that is kept
   * @param chosenTokens how many tokens of the preferred completion are
   * @param rejectedTokens how many of the other one
   */
  public Pair part(int promptFrom, int chosenTokens, int rejectedTokens) {
    if (promptFrom == 0 && chosenTokens == chosen.length && rejectedTokens == rejected.length) {
      return this;
    }
    return new Pair(
        Arrays.copyOfRange(prompt, promptFrom, prompt.length),
        Arrays.copyOf(chosen, chosenTokens),
        Arrays.copyOf(rejected, rejectedTokens));
  }

  /** The tokens of the pair's two rows; the prompt is in both. */
  public int tokens() {
    return 2 * prompt.length + chosen.length + rejected.length;
  }

  /** Whether its completions are equal: then it says of none that it is preferred. */
  public boolean equal() {
    return Arrays.equals(chosen, rejected);
  }

  /** Whether a token is in the preferred completion. */
  public boolean prefers(int id) {
    return Arrays.stream(chosen).anyMatch(token -> token == id);
  }

  /** The prompt and the preferred completion, which carries the loss. */
  public Example chosenRow() {
    return Example.afterPrompt(prompt, chosen);
  }

  /** The prompt and the other completion, which carries the loss. */
  public Example rejectedRow() {
    return Example.afterPrompt(prompt, rejected);
  }
}
