package dev.polyphase.data;

/**
 * A row as the model sees it. The arrays are not copied, and may be the same one.
 *
 * @param ids its tokens
 * @param labels as many: at each token that carries loss its id, elsewhere {@link JsonRow#NO_LOSS}.
 *     They are aligned with the ids, and the usual shift by one applies: the model predicts {@code
 *     labels[t]} at {@code t - 1}, so that the first label never counts
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record Example(int[] ids, int[] labels) {

  public Example {
    if (ids.length != labels.length) {
      throw new IllegalArgumentException(ids.length + " ids, " + labels.length + " labels");
    }
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
