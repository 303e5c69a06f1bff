package dev.polyphase.tokens;

/**
 * The texts that a tokenizer can take, known before the tokenizers library is given one: beyond
 * them the library's regular expressions give up, which ends the process.
 *
 * @param whiteRun characters of white space in a row
 * @param otherRun characters in a row that are no white space
 * @param wholeText characters of a text
 */
record TextBounds(int whiteRun, int otherRun, int wholeText) {
  /** The library takes about a hundred bytes for each, and its time. */
  private static final int MOST_CHARS = 64_000_000;

  /**
   * Refuses a text that is beyond the bounds.
   *
   * @throws UnreadableTextException with a sentence that says by what
   */
  void require(String text) {
    int most = Math.min(wholeText, MOST_CHARS);
    if (text.length() > most) {
      throw new UnreadableTextException(
          "the text has %,d characters, and this tokenizer takes at most %,d; cut it into several"
              .formatted(text.length(), most));
    }
    if (text.length() <= Math.min(whiteRun, otherRun)) {
      return;
    }
    int run = 0;
    boolean white = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean isWhite = Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
      run = isWhite == white ? run + 1 : 1;
      white = isWhite;
      if (run > (white ? whiteRun : otherRun)) {
        throw new UnreadableTextException(
            "the text has more than %,d characters of %s in a row, which this tokenizer can't take; shorten them"
                .formatted(run - 1, white ? "white space" : "other than white space"));
      }
    }
  }
}
