package dev.polyphase.chat;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.tokens.PromptCompletion;
import dev.polyphase.tokens.TokenizedText;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Turns conversations into tokens. Template and tokenizer are opened when the first one comes.
 *
 * <p>A conversation's tokens are those of its whole text, nothing added, as Hugging Face makes
 * them. A special token that somebody typed becomes that token as well; what a user said carries no
 * loss in any case.
 */
public final class ChatEncoder {
  private final LazyTokenizer tokenizer;
  private final Optional<ChatTemplate> given;
  private @Nullable ChatFormat opened;
  private @Nullable InputException refused;

  /**
   * An encoder for the model that the tokenizer belongs to.
   *
   * @param given the template that takes the place of the model's own
   */
  public ChatEncoder(LazyTokenizer tokenizer, Optional<ChatTemplate> given) {
    this.tokenizer = tokenizer;
    this.given = given;
  }

  /**
   * The tokens of a conversation; those of the content of each turn that is to be learned and of
   * the token that ends it are learned.
   *
   * @throws InputException without a place, if the conversation can't be rendered or has no turn of
   *     the assistant; with one, if the model's template or tokenizer is at fault
   */
  public TokenizedChat encode(Conversation conversation) throws IOException {
    if (conversation.messages().stream().noneMatch(Message::isAssistant)) {
      throw new InputException(
          "the conversation has no turn of the assistant, and so nothing to learn; leave it out");
    }
    return tokens(read(format().render(conversation, false)), 0);
  }

  /**
   * The tokens of a prompt and of the turns that complete it; learned is what the assistant says in
   * the completion.
   *
   * @throws InputException as {@link #encode} says, or if the completion does not begin with the
   *     turn that the prompt asks for
   */
  public TokenizedChat encode(Conversation prompt, List<Message> completion) throws IOException {
    String promptText = format().render(prompt, true).text();
    RenderedChat whole = read(format().render(prompt.with(completion), false));
    requirePrefix(promptText, whole.text());
    return tokens(whole, promptText.length());
  }

  /**
   * The tokens of a prompt, with the head of the assistant's turn, and of the one turn that
   * completes it, up to the token that ends it.
   *
   * <p>Where a token spans the seam, so that the tokens of both do not begin with the prompt's, the
   * turn is tokenised on its own: both completions of a pair must follow the same prompt.
   *
   * @throws InputException as {@link #encode} says, or if the completion is not one turn of the
   *     assistant
   */
  public PromptCompletion encodeTurn(Conversation prompt, List<Message> completion)
      throws IOException {
    if (completion.size() != 1 || !completion.get(0).isAssistant()) {
      throw new InputException(
          "a completion must be one turn of the assistant after the prompt, found "
              + completion.stream().map(Message::role).toList());
    }
    if (!completion.get(0).learned()) {
      throw new InputException(
          "the completion is not to be learned, and so nothing to prefer; leave the pair out");
    }
    String promptText = format().render(prompt, true).text();
    RenderedChat whole = read(format().render(prompt.with(completion), false));
    requirePrefix(promptText, whole.text());
    int end = whole.learned().get(whole.learned().size() - 1).end();
    return tokenizer
        .get()
        .encodeAsTheyAre(promptText, whole.text().substring(promptText.length(), end));
  }

  /**
   * Whether the model's template may read a variable, or a key of a message, of this name.
   *
   * @throws InputException with a place, if the model's template or tokenizer is at fault
   */
  public boolean reads(String name) throws IOException {
    return format().reads(name);
  }

  private static void requirePrefix(String prompt, String whole) {
    if (!whole.startsWith(prompt)) {
      throw new InputException(
          "the completion must begin with a turn of the assistant: the text of both must begin with"
              + " the prompt's and the head of that turn");
    }
  }

  private static RenderedChat read(RenderedChat chat) {
    if (!chat.unread().isEmpty()) {
      throw new InputException(
          String.join(", ", chat.unread())
              + " is not read by the model's chat template; take it out, or write it into a content");
    }
    return chat;
  }

  private TokenizedChat tokens(RenderedChat chat, int learnedFrom) throws IOException {
    TokenizedText text = tokenizer.get().encodeWithPlaces(chat.text());
    boolean[] learned = new boolean[text.ids().length];
    for (int t = 0; t < learned.length; t++) {
      // A token that begins in the head of a turn is none that the model will be asked for.
      int start = text.starts()[t];
      learned[t] = start >= learnedFrom && chat.isLearned(start);
    }
    return new TokenizedChat(text.ids(), learned);
  }

  private ChatFormat format() throws IOException {
    if (refused != null) {
      // Every conversation of the data asks again, and the answer costs time.
      throw refused;
    }
    if (opened == null) {
      try {
        opened = ChatFormat.of(tokenizer.modelFolder(), tokenizer.get(), given);
      } catch (InputException e) {
        refused = e;
        throw e;
      }
    }
    return opened;
  }
}
