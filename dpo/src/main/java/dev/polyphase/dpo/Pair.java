package dev.polyphase.dpo;

import dev.polyphase.data.Example;
import dev.polyphase.data.RowEncoder;
import java.util.Arrays;

/**
 * A prompt with the completion that is preferred and the one that is not, as tokens. The arrays are
 * not copied.
 *
 * @param prompt what both completions follow
 * @param chosen the preferred completion, without the prompt
 * @param rejected the other completion, without the prompt
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record Pair(int[] prompt, int[] chosen, int[] rejected) {

  /** The tokens of the pair's two rows; the prompt is in both. */
  public int tokens() {
    return 2 * prompt.length + chosen.length + rejected.length;
  }

  /** Whether its completions are equal: then it says of none that it is preferred. */
  boolean equal() {
    return Arrays.equals(chosen, rejected);
  }

  /** Whether a token is in the preferred completion. */
  boolean prefers(int id) {
    return Arrays.stream(chosen).anyMatch(token -> token == id);
  }

  /** The tokens of the longer of its two rows. */
  int longerRow() {
    return prompt.length + Math.max(chosen.length, rejected.length);
  }

  /** The prompt and the preferred completion, which carries the loss. */
  public Example chosenRow() {
    return RowEncoder.afterPrompt(prompt, chosen);
  }

  /** The prompt and the other completion, which carries the loss. */
  public Example rejectedRow() {
    return RowEncoder.afterPrompt(prompt, rejected);
  }
}
