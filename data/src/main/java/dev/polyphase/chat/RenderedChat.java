package dev.polyphase.chat;

import java.util.List;

/**
 * A conversation as the model reads it.
 *
 * @param text the whole text
 * @param learned the parts of it that the model learns to say, in order: the content of each
 *     assistant's turn with the token that ends it
 * @param unread what messages say beside role and content and the template did not look at, as
 *     {@code "name" of the turn of user at 0}
 */
public record RenderedChat(String text, List<Span> learned, List<String> unread) {

  public RenderedChat {
    learned = List.copyOf(learned);
    unread = List.copyOf(unread);
  }

  /** A conversation of which everything was read. */
  RenderedChat(String text, List<Span> learned) {
    this(text, learned, List.of());
  }

  /**
   * A part of the text, in UTF-16 units.
   *
   * @param start its first
   * @param end the first after it
   */
  public record Span(int start, int end) {}

  /** Whether what begins at this UTF-16 unit is learned. */
  public boolean isLearned(int start) {
    return learned.stream().anyMatch(span -> start >= span.start() && start < span.end());
  }
}
