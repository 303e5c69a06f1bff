package dev.polyphase.phases.api;

/**
 * A token at which a model stops.
 *
 * @param id its number
 * @param text its text; empty where the model's folder has no tokenizer that would know
 */
public record EndToken(int id, String text) {

  /** As people read it: {@code <|im_end|> (258)}. */
  @Override
  public String toString() {
    return text.isEmpty() ? Integer.toString(id) : text + " (" + id + ")";
  }
}
