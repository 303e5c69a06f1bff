package dev.polyphase.phases.batches;

import dev.polyphase.data.Example;
import dev.polyphase.data.JsonRow;

/**
 * What is packed: tokens that attend to themselves, and if they follow a prefix to that as well.
 *
 * <p>The prefix is the beginning of another document of the same row and computed there, once for
 * all that follow it: two completions of one prompt are a document of prompt and first completion,
 * and one of the second completion alone, which follows the first document's tokens of the prompt.
 *
 * @param row the document's own tokens; where it follows a prefix its first label counts too, and
 *     is predicted at the prefix's last token
 * @param prefixOf the number of the earlier document that begins with the prefix; -1 for none
 * @param prefixTokens the tokens of the prefix; of an empty one, 0, the document is as one without
 */
public record Document(Example row, int prefixOf, int prefixTokens) {
  private static final int NONE = -1;

  public Document {
    if (prefixOf < NONE || prefixTokens < 0 || (prefixOf == NONE && prefixTokens > 0)) {
      throw new IllegalArgumentException(
          "%d tokens of document %d are no prefix".formatted(prefixTokens, prefixOf));
    }
  }

  /** A document that follows no prefix. */
  public static Document of(Example row) {
    return new Document(row, NONE, 0);
  }

  /** How many of its own tokens carry loss. */
  int lossTokens() {
    return row.lossTokens() + (firstCarriesLoss() ? 1 : 0);
  }

  /** Whether its first token does: without a prefix nothing predicts it. */
  boolean firstCarriesLoss() {
    return prefixTokens > 0 && row.tokens() > 0 && row.labels()[0] != JsonRow.NO_LOSS;
  }
}
