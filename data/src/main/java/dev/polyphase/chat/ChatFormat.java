package dev.polyphase.chat;

import dev.polyphase.jinja.TemplateException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A chat template of which it is known what the assistant says in its text: one that writes ChatML,
 * with or without a system message of its own for conversations that have none.
 *
 * <p>The template is held to that on probe conversations at first, and on every conversation that
 * is rendered: what it writes and what is taken for it can't differ.
 */
public final class ChatFormat {
  private static final Message USER = new Message("user", "Hi");
  private static final Message ASSISTANT = new Message("assistant", "Hello.");
  private static final Message SYSTEM = new Message("system", "Be brief.");
  private static final String ODD =
      " \n {{ 1 }} {% if %} {# #} <b> & \"q\" \\n \u00fc\u4e16\ud83d\ude00\t\n\n ";

  private static final List<List<Message>> PROBES =
      List.of(
          List.of(USER),
          List.of(USER, ASSISTANT),
          List.of(SYSTEM, USER),
          List.of(SYSTEM, USER, ASSISTANT, USER, ASSISTANT),
          List.of(USER, ASSISTANT, USER),
          List.of(
              new Message("system", ODD),
              new Message("user", ODD),
              new Message("assistant", ODD),
              new Message("user", ODD),
              new Message("assistant", ODD)),
          List.of(
              new Message("system", ""), new Message("user", ""), new Message("assistant", "")));

  private final ChatTemplate template;
  private final ChatMl chatMl;

  private ChatFormat(ChatTemplate template, ChatMl chatMl) {
    this.template = template;
    this.chatMl = chatMl;
  }

  /**
   * The format of a model: the template that is given, else its own, or ChatML where it has none.
   *
   * @throws InputException if the template writes anything but ChatML, or the tokenizer lacks
   *     ChatML's tokens
   */
  public static ChatFormat of(Path modelFolder, Tokenizer tokenizer, Optional<ChatTemplate> given)
      throws IOException {
    Optional<ChatTemplate> own = given.isPresent() ? given : ChatTemplate.in(modelFolder);
    if (own.isEmpty()) {
      return of(builtIn(modelFolder, tokenizer));
    }
    ChatFormat format = of(own.get());
    Optional<String> missing = missingToken(tokenizer);
    if (missing.isPresent()) {
      throw new InputException(
          Place.in(own.get().name()),
          "the template writes %s, which is no token of the model's tokenizer, so that the model would learn pieces of it; add <|im_start|> and <|im_end|> to the tokenizer as special tokens, or write the conversations out as text"
              .formatted(missing.get()));
    }
    return format;
  }

  /**
   * The template that {@link #of} takes for a model that has none of its own.
   *
   * @throws InputException if the tokenizer lacks ChatML's tokens
   */
  public static ChatTemplate builtIn(Path modelFolder, Tokenizer tokenizer) throws IOException {
    Optional<String> missing = missingToken(tokenizer);
    if (missing.isPresent()) {
      throw new InputException(
          Place.in(modelFolder.toString()),
          "the model has no chat template, and its tokenizer no token "
              + missing.get()
              + " for ChatML; add <|im_start|> and <|im_end|> to the tokenizer as special tokens, or"
              + " write the conversations out as text");
    }
    return ChatTemplate.chatMl();
  }

  private static Optional<String> missingToken(Tokenizer tokenizer) {
    return Stream.of(ChatMl.START, ChatMl.END)
        .filter(token -> tokenizer.idOf(token).isEmpty())
        .findFirst();
  }

  /**
   * The format of a template.
   *
   * @throws InputException with the first probe that it renders other than ChatML
   */
  static ChatFormat of(ChatTemplate template) {
    ChatFormat format = new ChatFormat(template, new ChatMl(defaultSystem(template)));
    for (List<Message> probe : PROBES) {
      for (boolean addGenerationPrompt : new boolean[] {false, true}) {
        try {
          format.render(new Conversation(probe), addGenerationPrompt);
        } catch (InputException e) {
          throw new InputException(
              Place.in(template.name()),
              "%s (found with turns of %s, %s a generation prompt)"
                  .formatted(
                      e.getMessage(),
                      probe.stream().map(Message::role).toList(),
                      addGenerationPrompt ? "with" : "without"));
        }
      }
    }
    return format;
  }

  /**
   * The text of a conversation.
   *
   * @param addGenerationPrompt whether it ends with the head of an assistant's turn
   * @throws InputException without a place, if the template refuses the conversation or writes it
   *     other than ChatML
   */
  public RenderedChat render(Conversation conversation, boolean addGenerationPrompt) {
    RenderedChat chatMlText = chatMl.render(conversation.messages(), addGenerationPrompt);
    Map<Integer, Set<String>> read = new HashMap<>();
    String text;
    try {
      text =
          template.render(
              conversation,
              addGenerationPrompt,
              (message, key) -> read.computeIfAbsent(message, m -> new HashSet<>()).add(key));
    } catch (TemplateException e) {
      throw new InputException(
          "the chat template refuses this conversation (line %d, column %d of %s): %s"
              .formatted(e.line(), e.column(), template.name(), e.getMessage()));
    }
    if (!text.equals(chatMlText.text())) {
      throw new InputException(other(text, chatMlText.text(), conversation));
    }
    return new RenderedChat(text, chatMlText.learned(), unread(conversation.messages(), read));
  }

  private static List<String> unread(List<Message> messages, Map<Integer, Set<String>> read) {
    List<String> unread = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      for (String key : messages.get(i).more().keySet()) {
        if (!read.getOrDefault(i, Set.of()).contains(key)) {
          unread.add("\"%s\" of the turn of %s at [%d]".formatted(key, messages.get(i).role(), i));
        }
      }
    }
    return unread;
  }

  /** Whether the template may read a variable, or a key of a message, of this name. */
  public boolean reads(String name) {
    return template.mentions(name);
  }

  private static String other(String text, String chatMlText, Conversation conversation) {
    String here = Excerpt.of(text, chatMlText);
    String there = Excerpt.of(chatMlText, text);
    if (!conversation.extras().isEmpty()) {
      return "the chat template makes something of %s: it writes %s where ChatML is %s, and nothing but ChatML can be trained on yet; take them out, or give the conversation as text"
          .formatted(
              conversation.extras().stream()
                  .map(name -> "\"" + name + "\"")
                  .collect(Collectors.joining(", ")),
              here,
              there);
    }
    return "only chat templates that write ChatML are built yet, and this one writes %s where ChatML is %s; give the conversations as text, or the model a chat_template.jinja that writes ChatML and a tokenizer that knows its tokens"
        .formatted(here, there);
  }

  /** What the template writes in front of a conversation that has no system message. */
  private static Optional<String> defaultSystem(ChatTemplate template) {
    Conversation conversation = new Conversation(List.of(USER));
    String plain = new ChatMl(Optional.empty()).render(conversation.messages(), false).text();
    String head = ChatMl.START + "system\n";
    String text;
    try {
      text = template.render(conversation, false, (message, key) -> {});
    } catch (TemplateException e) {
      return Optional.empty();
    }
    String tail = ChatMl.END + "\n" + plain;
    boolean hasSystem =
        text.length() >= head.length() + tail.length()
            && text.startsWith(head)
            && text.endsWith(tail);
    return hasSystem
        ? Optional.of(text.substring(head.length(), text.length() - tail.length()))
        : Optional.empty();
  }
}
