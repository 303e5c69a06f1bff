package dev.polyphase.phases.chat;

import dev.polyphase.phases.chat.jinja.TemplateException;
import dev.polyphase.phases.tokens.Tokenizer;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

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
   * The format of a model: its template, or ChatML where it has none but knows ChatML's tokens.
   *
   * @throws InputException if the template writes anything but ChatML, or there is none and the
   *     tokenizer lacks ChatML's tokens
   */
  public static ChatFormat of(Path modelFolder, Tokenizer tokenizer) throws IOException {
    Optional<ChatTemplate> own = ChatTemplate.in(modelFolder);
    if (own.isPresent()) {
      return of(own.get());
    }
    return of(builtIn(modelFolder, tokenizer));
  }

  /**
   * The template that {@link #of} takes for a model that has none of its own.
   *
   * @throws InputException if the tokenizer lacks ChatML's tokens
   */
  public static ChatTemplate builtIn(Path modelFolder, Tokenizer tokenizer) throws IOException {
    for (String token : List.of(ChatMl.START, ChatMl.END)) {
      if (!tokenizer.isOneToken(token)) {
        throw new InputException(
            Place.in(modelFolder.toString()),
            "the model has no chat template, and its tokenizer no token "
                + token
                + " for ChatML; add a chat_template.jinja that writes ChatML and its tokens, or"
                + " write the conversations out as text");
      }
    }
    return ChatTemplate.chatMl();
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
          format.render(probe, addGenerationPrompt);
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
  public RenderedChat render(List<Message> messages, boolean addGenerationPrompt) {
    RenderedChat chatMlText = chatMl.render(messages, addGenerationPrompt);
    String text;
    try {
      text = template.render(messages, addGenerationPrompt);
    } catch (TemplateException e) {
      throw new InputException(
          "the chat template refuses this conversation (line %d, column %d of %s): %s"
              .formatted(e.line(), e.column(), template.name(), e.getMessage()));
    }
    if (!text.equals(chatMlText.text())) {
      throw new InputException(
          "only chat templates that write ChatML are built yet, and this one writes %s where ChatML is %s; give the conversations as text, or the model a chat_template.jinja that writes ChatML"
              .formatted(Excerpt.of(text, chatMlText.text()), Excerpt.of(chatMlText.text(), text)));
    }
    return chatMlText;
  }

  /** What the template writes in front of a conversation that has no system message. */
  private static Optional<String> defaultSystem(ChatTemplate template) {
    List<Message> conversation = List.of(USER);
    String plain = new ChatMl(Optional.empty()).render(conversation, false).text();
    String head = ChatMl.START + "system\n";
    String text;
    try {
      text = template.render(conversation, false);
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
