package dev.polyphase.data;

import dev.polyphase.tokens.PromptCompletion;
import java.util.Arrays;

/**
 * A row as the model sees it. The arrays are not copied, and may be the same one.
 *
 * @param ids its tokens
 * @param labels as many: at each token that carries loss its id, elsewhere {@link JsonRow#NO_LOSS}.
 *     They are aligned with the ids, and the usual shift by one applies: the model predicts {@code
 *     labels[t]} at {@code t - 1}, so that the first label never counts
 * @param seamInToken whether a token spans the end of the prompt, which was then cut there
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record Example(int[] ids, int[] labels, boolean seamInToken) {

  public Example {
    if (ids.length != labels.length) {
      throw new IllegalArgumentException(ids.length + " ids, " + labels.length + " labels");
    }
  }

  /** A row without a seam. */
  public Example(int[] ids, int[] labels) {
    this(ids, labels, false);
  }

  /** The same of what a tokenizer made of both. */
  static Example afterPrompt(PromptCompletion tokens) {
    Example plain = afterPrompt(tokens.prompt(), tokens.completion());
    return new Example(plain.ids, plain.labels, tokens.seamInToken());
  }

  /** A row in which the completion carries the loss. */
  public static Example afterPrompt(int[] prompt, int[] completion) {
    int[] ids = Arrays.copyOf(prompt, prompt.length + completion.length);
    System.arraycopy(completion, 0, ids, prompt.length, completion.length);
    int[] labels = ids.clone();
    Arrays.fill(labels, 0, prompt.length, JsonRow.NO_LOSS);
    return new Example(ids, labels);
  }

  /**
   * A part of it.
   *
   * @param from its first token
   * @param to the first behind it
   */
  public Example part(int from, int to) {
    if (from == 0 && to == ids.length) {
      return this;
    }
    int[] some = Arrays.copyOfRange(ids, from, to);
    return new Example(some, ids == labels ? some : Arrays.copyOfRange(labels, from, to));
  }

  /** How many tokens it has. */
  public int tokens() {
    return ids.length;
  }

  /** How many of its tokens carry loss. */
  public int lossTokens() {
    int count = 0;
    for (int t = 1; t < labels.length; t++) {
      if (labels[t] != JsonRow.NO_LOSS) {
        count++;
      }
    }
    return count;
  }

  /** Whether a token carries loss in it. */
  public boolean learns(int id) {
    // From the end on: what is asked for are mostly tokens that end a text.
    for (int t = labels.length - 1; t > 0; t--) {
      if (labels[t] == id) {
        return true;
      }
    }
    return false;
  }
}
