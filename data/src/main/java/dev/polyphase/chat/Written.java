package dev.polyphase.chat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.jinja.Rendering;
import dev.polyphase.jinja.TemplateException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A conversation as a template writes it.
 *
 * @param form how the template was given it
 * @param rendering the text, and what of it comes from where
 * @param pieces the parts of the text that say what messages and variables say
 */
record Written(Conversation conversation, Form form, Rendering rendering, Pieces pieces) {

  /** What a template writes of a conversation that it is given in one form. */
  static Written of(
      ChatTemplate template, Conversation conversation, Form form, boolean addGenerationPrompt) {
    Rendering rendering = template.render(conversation, form, addGenerationPrompt);
    return new Written(conversation, form, rendering, Pieces.of(rendering, conversation));
  }

  /**
   * What a template writes of a conversation, without a prompt at its end: in the documented form,
   * or in the first other one in which nothing is lost of it.
   *
   * @throws InputException without a place, if the template refuses the conversation, or does not
   *     write all of what it says
   */
  static Written of(ChatTemplate template, Conversation conversation) {
    Optional<InputException> refused = Optional.empty();
    for (Form form : Form.values()) {
      if (form != Form.AS_DOCUMENTED && !form.changes(conversation.messages())) {
        continue;
      }
      try {
        Written written = of(template, conversation, form, false);
        Optional<String> lost = written.lost(template);
        if (lost.isEmpty()) {
          return written;
        }
        refused = refused.or(() -> Optional.of(new InputException(lost.get())));
      } catch (TemplateException e) {
        InputException inTemplate =
            new InputException(
                "the chat template refuses this conversation (line %d, column %d of %s): %s"
                    .formatted(e.line(), e.column(), template.name(), e.getMessage()));
        refused = refused.or(() -> Optional.of(inTemplate));
      }
    }
    throw refused.orElseThrow();
  }

  /**
   * Refuses a template that writes nothing of what messages say.
   *
   * @throws InputException with the template's place
   */
  static void requireContents(ChatTemplate template) {
    Conversation probe =
        new Conversation(List.of(new Message("user", "Hi"), new Message("assistant", "Hello.")));
    for (Form form : List.of(Form.AS_DOCUMENTED, Form.CONTENT_AS_PARTS)) {
      try {
        if (!of(template, probe, form, false).pieces.all().isEmpty()) {
          return;
        }
      } catch (TemplateException e) {
        // It may want a system message, or tools; conversations will show.
        return;
      }
    }
    throw new InputException(
        Place.in(template.name()),
        "the template writes nothing of what messages say; take the model's own, or give the conversations as text");
  }

  String text() {
    return rendering.text();
  }

  /** What the conversation says and the text does not, as a sentence. */
  private Optional<String> lost(ChatTemplate template) {
    List<String> unread = new ArrayList<>();
    List<Message> messages = conversation.messages();
    for (int i = 0; i < messages.size(); i++) {
      Message message = messages.get(i);
      for (Map.Entry<String, JsonNode> field : message.fields().properties()) {
        String key = field.getKey();
        boolean read =
            Message.isAbout(key)
                || !Message.isGiven(field.getValue())
                || rendering.read().contains("/messages/" + i + "/" + escaped(key));
        if (!read) {
          unread.add("\"%s\" of the turn of %s at [%d]".formatted(key, message.role(), i));
        }
      }
    }
    for (Map.Entry<String, JsonNode> variable : conversation.variables().properties()) {
      // Some are looked at only where an answer is asked for.
      boolean read = !Message.isGiven(variable.getValue()) || template.mentions(variable.getKey());
      if (!read) {
        unread.add("\"" + variable.getKey() + "\"");
      }
    }
    if (!unread.isEmpty()) {
      return Optional.of(
          String.join(", ", unread)
              + " is not read by the model's chat template; take it out, or write it into a content");
    }
    return lostContent();
  }

  private Optional<String> lostContent() {
    List<Message> messages = conversation.messages();
    boolean[] said = new boolean[messages.size()];
    for (Pieces.Piece piece : pieces.all()) {
      if (piece.message() != Pieces.NO_MESSAGE) {
        said[piece.message()] = true;
      }
    }
    for (Rendering.Origin origin : rendering.origins()) {
      Optional<String> whole = writtenAsPython(origin.pointer());
      if (whole.isPresent()) {
        return whole;
      }
    }
    for (int i = 0; i < messages.size(); i++) {
      Message message = messages.get(i);
      // What an assistant thought is left out by many templates, on purpose.
      if (!said[i] && !message.isAssistant() && saysSomething(message)) {
        return Optional.of(
            "the model's chat template does not write the turn of %s at [%d]; leave it out, or write it into another turn"
                .formatted(message.role(), i));
      }
    }
    boolean nothing = true;
    boolean anything = false;
    for (int i = 0; i < messages.size(); i++) {
      nothing &= !said[i];
      anything |= saysSomething(messages.get(i));
    }
    return nothing && anything
        ? Optional.of("the model's chat template writes nothing of what the messages say")
        : Optional.empty();
  }

  private static boolean saysSomething(Message message) {
    JsonNode content = message.fields().path(Message.CONTENT);
    if (content.isTextual()) {
      return !content.textValue().isBlank();
    }
    for (JsonNode part : content) {
      if (!part.path("text").asText(part.asText()).isBlank()) {
        return true;
      }
    }
    return false;
  }

  /** A content that is no text, in a template that takes it for one. */
  private Optional<String> writtenAsPython(String pointer) {
    if (!pointer.startsWith("/messages/") || !pointer.endsWith("/" + Message.CONTENT)) {
      return Optional.empty();
    }
    String index = pointer.substring(10, pointer.length() - Message.CONTENT.length() - 1);
    if (index.indexOf('/') >= 0) {
      return Optional.empty();
    }
    int i = Integer.parseInt(index);
    Message message = conversation.messages().get(i);
    JsonNode content = message.fields().path(Message.CONTENT);
    boolean isList =
        content.isArray() ? form != Form.CONTENT_AS_TEXT : form == Form.CONTENT_AS_PARTS;
    return (isList && !isTool(message)) || content.isNull()
        ? Optional.of(
            "the model's chat template writes \"content\" of the turn of %s at [%d], which is %s, as if it were a text; give it a text"
                .formatted(message.role(), i, content.isNull() ? "null" : "a list"))
        : Optional.empty();
  }

  /** Some templates write what a tool answered as JSON, whatever it is. */
  private static boolean isTool(Message message) {
    return !message.isAssistant()
        && !message.role().equals("user")
        && !message.role().equals("system");
  }

  private static String escaped(String key) {
    return key.replace("~", "~0").replace("/", "~1");
  }
}
