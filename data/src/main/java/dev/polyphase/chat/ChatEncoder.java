package dev.polyphase.chat;

import dev.polyphase.jinja.TemplateException;
import dev.polyphase.pipelines.LossOn;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.tokens.PromptCompletion;
import dev.polyphase.tokens.TokenizedText;
import dev.polyphase.tokens.Tokenizer;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Turns conversations into tokens. Template and tokenizer are opened when the first one comes. Safe
 * for use by several threads.
 *
 * <p>A conversation's tokens are those of its whole text, nothing added, as Hugging Face makes
 * them. A special token that somebody typed becomes that token as well. Which of them carry loss is
 * decided by the template's {@code {% generation %}} blocks, where it wrote any, else by what of
 * the text came from which message ({@link Turns}).
 */
public final class ChatEncoder {
  private final LazyTokenizer tokenizer;
  private final Optional<ChatTemplate> given;
  private @Nullable Opened opened;
  private @Nullable InputException refused;

  /** A template with the tokenizer that its text is for. */
  private record Opened(
      ChatTemplate template, Tokenizer tokenizer, SpecialTokens tokens, Turns turns) {}

  /** An encoder for the model that the tokenizer belongs to, with the model's own template. */
  public ChatEncoder(LazyTokenizer tokenizer) {
    this(tokenizer, Optional.empty());
  }

  /**
   * An encoder for the model that the tokenizer belongs to.
   *
   * @param given the template to write conversations with; empty for the model's own
   */
  public ChatEncoder(LazyTokenizer tokenizer, Optional<ChatTemplate> given) {
    this.tokenizer = tokenizer;
    this.given = given;
  }

  /** The tokens of a conversation of which the assistant's turns are learned. */
  public TokenizedChat encode(Conversation conversation) throws IOException {
    return encode(conversation, LossOn.ASSISTANT);
  }

  /**
   * The tokens of a conversation, and which of them carry loss.
   *
   * @param loss whose turns do, where a message does not say so itself
   * @throws InputException without a place, if the conversation can't be rendered or has no turn
   *     that could be learned; with one, if the model's template or tokenizer is at fault
   */
  public TokenizedChat encode(Conversation conversation, LossOn loss) throws IOException {
    requireAny(conversation.messages(), loss);
    Opened open = open();
    Written chat = Written.of(open.template, conversation);
    return tokens(open, LossParts.of(chat, loss, 0, open.turns, open.tokens));
  }

  /** The tokens of a prompt and its completion, of which the assistant's turns are learned. */
  public TokenizedChat encode(Conversation prompt, List<Message> completion) throws IOException {
    return encode(prompt, completion, LossOn.ASSISTANT);
  }

  /**
   * The tokens of a prompt and of the turns that complete it; nothing of the prompt carries loss,
   * unless everything does.
   *
   * @throws InputException as {@link #encode(Conversation, LossOn)} says, or if the completion does
   *     not begin with a turn of the assistant
   */
  public TokenizedChat encode(Conversation prompt, List<Message> completion, LossOn loss)
      throws IOException {
    if (completion.isEmpty() || !completion.get(0).isAssistant()) {
      throw new InputException(
          "the completion must begin with a turn of the assistant, found " + roles(completion));
    }
    requireAny(completion, loss);
    Opened open = open();
    Written chat = Written.of(open.template, prompt.with(completion));
    int from = prompt.messages().size();
    return tokens(open, LossParts.of(chat, loss, from, open.turns, open.tokens));
  }

  /**
   * The tokens of a prompt, with the head of the assistant's turn, and of the turns that complete
   * it, up to the token that ends the last.
   *
   * <p>Where a token spans the seam, so that the tokens of both do not begin with the prompt's, the
   * completion is tokenised on its own: both completions of a pair must follow the same prompt.
   *
   * @throws InputException as {@link #encode(Conversation, LossOn)} says, or if the completion does
   *     not begin and end with a turn of the assistant
   */
  public PromptCompletion encodeTurns(Conversation prompt, List<Message> completion)
      throws IOException {
    boolean asked =
        !completion.isEmpty()
            && completion.get(0).isAssistant()
            && completion.get(completion.size() - 1).isAssistant();
    if (!asked) {
      throw new InputException(
          "a completion must begin and end with a turn of the assistant, found "
              + roles(completion));
    }
    for (Message message : completion) {
      if (!message.learned().orElse(true)) {
        throw new InputException(
            "a turn of the completion is not to be learned, and the completions of a pair are compared as a whole; leave the pair out");
      }
    }
    Opened open = open();
    Written chat = Written.of(open.template, prompt.with(completion));
    int last = chat.conversation().messages().size() - 1;
    String head = head(open, prompt, chat);
    List<Turns.Turn> turns = open.turns.of(chat, i -> i == last);
    if (turns.isEmpty()) {
      throw new InputException("the chat template writes nothing of the completion");
    }
    int end = turns.get(turns.size() - 1).end();
    return open.tokenizer.encodeAsTheyAre(
        head, chat.text().substring(head.length(), Math.max(head.length(), end)));
  }

  /** The text of a prompt that asks for the assistant's turn, with which the whole text begins. */
  private static String head(Opened open, Conversation prompt, Written chat) {
    String head;
    try {
      head = Written.of(open.template, prompt, chat.form(), true).text();
    } catch (TemplateException e) {
      throw new InputException(
          "the chat template refuses the prompt (line %d, column %d of %s): %s"
              .formatted(e.line(), e.column(), open.template.name(), e.getMessage()));
    }
    if (open.turns.promptOpensThought()) {
      head = Turns.withoutThought(head);
    }
    if (!chat.text().startsWith(head)) {
      throw new InputException(
          "the chat template writes the prompt otherwise where it is completed, so that the completion does not follow it; give the pair as text");
    }
    return head;
  }

  /**
   * Whether the model's template may read a variable, or a key of a message, of this name; of what
   * was thought, by any of its names.
   *
   * @throws InputException with a place, if the model's template or tokenizer is at fault
   */
  public boolean reads(String name) throws IOException {
    ChatTemplate template = open().template;
    return Message.THOUGHTS.contains(name)
        ? Message.THOUGHTS.stream().anyMatch(template::mentions)
        : template.mentions(name);
  }

  /** All that the tokens of conversations, and of texts, follow from beside these. */
  public String fingerprint() throws IOException {
    Optional<ChatTemplate> template =
        given.isPresent() ? given : ChatTemplate.in(tokenizer.modelFolder());
    return tokenizer.fingerprint() + template.map(one -> " " + one.fingerprint()).orElse("");
  }

  /**
   * The ids of the tokens that end an assistant's turns in the template's text. Empty where
   * conversations can't be encoded at all.
   */
  public Set<Integer> endsOfTurns() throws IOException {
    Opened open;
    try {
      open = open();
    } catch (InputException e) {
      return Set.of();
    }
    Set<Integer> ids = new LinkedHashSet<>();
    open.turns.endTokens().forEach(token -> open.tokenizer.idOf(token).ifPresent(ids::add));
    return ids;
  }

  private static List<String> roles(List<Message> messages) {
    return messages.stream().map(Message::role).toList();
  }

  /** Whether one of these turns may carry loss. */
  public static boolean hasTurns(List<Message> messages, LossOn loss) {
    return LossParts.any(messages, loss);
  }

  private static void requireAny(List<Message> messages, LossOn loss) {
    if (!LossParts.any(messages, loss)) {
      throw new InputException(
          "the conversation has no turn of the %s, and so nothing to learn; leave it out"
              .formatted(loss.rolesToTrain().stream().collect(Collectors.joining(" or "))));
    }
  }

  private static TokenizedChat tokens(Opened open, RenderedChat chat) {
    TokenizedText text = open.tokenizer.encodeWithPlaces(chat.text());
    boolean[] learned = new boolean[text.ids().length];
    int[] starts = text.starts();
    int next = chat.text().length();
    for (int t = learned.length - 1; t >= 0; t--) {
      if (t + 1 < learned.length && starts[t + 1] > starts[t]) {
        next = starts[t + 1];
      }
      learned[t] = chat.isLearned(starts[t], next);
    }
    return new TokenizedChat(text.ids(), learned);
  }

  private synchronized Opened open() throws IOException {
    if (refused != null) {
      // Every conversation of the data asks again, and the answer costs time.
      throw refused;
    }
    if (opened == null) {
      try {
        Tokenizer open = tokenizer.get();
        ChatTemplate template = template(open);
        Written.requireContents(template);
        SpecialTokens tokens = new SpecialTokens(open);
        opened = new Opened(template, open, tokens, new Turns(template, tokens));
      } catch (InputException e) {
        refused = e;
        throw e;
      }
    }
    return opened;
  }

  private ChatTemplate template(Tokenizer open) throws IOException {
    if (given.isPresent()) {
      return given.get().withTokensOf(tokenizer.modelFolder());
    }
    Optional<ChatTemplate> own = ChatTemplate.in(tokenizer.modelFolder());
    return own.isPresent() ? own.get() : ChatTemplate.builtIn(tokenizer.modelFolder(), open);
  }
}
