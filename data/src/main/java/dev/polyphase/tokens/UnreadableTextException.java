package dev.polyphase.tokens;

/** A tokenizer can't take a text; the message says why, and whoever has the text says where. */
public final class UnreadableTextException extends RuntimeException {

  UnreadableTextException(String sentence) {
    super(sentence);
  }
}
