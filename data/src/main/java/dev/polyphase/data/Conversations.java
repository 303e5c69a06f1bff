package dev.polyphase.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.Conversation;
import dev.polyphase.chat.Message;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Reads conversations from rows, for the template of one model. */
public final class Conversations {
  private static final String DOCUMENTS = "documents";

  private final ChatEncoder chats;

  /** A reader of conversations that this encoder makes tokens of. */
  public Conversations(ChatEncoder chats) {
    this.chats = chats;
  }

  /** What is made of a row's conversations. */
  @FunctionalInterface
  public interface Encoding<T> {
    /**
     * Makes it.
     *
     * @throws InputException if it can't be
     */
    T encode() throws IOException;
  }

  /** Whether a row has a conversation under this key rather than a text. */
  public static boolean isAt(JsonRow row, String key) {
    return row.fields().path(key).isArray();
  }

  /**
   * The messages under a key, at least one. What a message says beside its role, its content and
   * whether it is learned goes with it where the model's template reads it.
   *
   * @throws InputException if they are missing, or one of them is wrong or says what is not read
   */
  public List<Message> messages(JsonRow row, String key) throws IOException {
    JsonNode list = row.fields().path(key);
    if (!list.isArray()) {
      String found = list.isMissingNode() ? "nothing" : JsonRow.kind(list);
      throw row.wrong("\"" + key + "\" must be a list of messages, found " + found);
    }
    if (list.isEmpty()) {
      throw row.wrong("\"" + key + "\" is empty; a conversation has at least one message");
    }
    List<Message> messages = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      messages.add(message(row, list.get(i), key + "[" + i + "]"));
    }
    return messages;
  }

  /**
   * The messages under a key that no loss is on, whoever says them.
   *
   * @throws InputException as {@link #messages} does, or if one of them is to be learned
   */
  public List<Message> prompt(JsonRow row, String key) throws IOException {
    List<Message> messages = messages(row, key);
    for (int i = 0; i < messages.size(); i++) {
      String at = key + "[" + i + "]";
      if (RowKeys.learned(row, row.fields().path(key).path(i), at).orElse(false)) {
        throw row.wrong(
            at + " is to be learned, and nothing of a prompt is; give the row as \"messages\"");
      }
    }
    return messages;
  }

  /**
   * Turns with what else the row gives the template: {@code tools}, {@code documents} and {@code
   * chat_template_kwargs}.
   *
   * @throws InputException if the template does not read one of them
   */
  public Conversation conversation(JsonRow row, List<Message> messages) throws IOException {
    ObjectNode variables = JsonNodeFactory.instance.objectNode();
    JsonNode tools = ChatTemplate.tools(row.fields().path(ChatTemplate.TOOLS));
    if (!tools.isNull()) {
      requireRead(row, ChatTemplate.TOOLS, "\"" + ChatTemplate.TOOLS + "\"");
      variables.set(ChatTemplate.TOOLS, tools);
    }
    JsonNode documents = row.fields().path(DOCUMENTS);
    if (RowKeys.isGiven(documents)) {
      requireRead(row, DOCUMENTS, "\"" + DOCUMENTS + "\"");
      variables.set(DOCUMENTS, documents);
    }
    JsonNode more = row.fields().path(ChatTemplate.VARIABLES);
    if (RowKeys.isGiven(more) && !more.isObject()) {
      throw row.wrong(
          "\"%s\" must be an object, found %s"
              .formatted(ChatTemplate.VARIABLES, JsonRow.kind(more)));
    }
    for (Map.Entry<String, JsonNode> entry : more.properties()) {
      requireRead(row, entry.getKey(), ChatTemplate.VARIABLES + "." + entry.getKey());
      variables.set(entry.getKey(), entry.getValue());
    }
    return new Conversation(messages, variables);
  }

  /**
   * What is made of a row's conversations; a problem without a place is this row's.
   *
   * @throws InputException with a place
   */
  public static <T> T encoded(JsonRow row, Encoding<T> encoding) throws IOException {
    try {
      return encoding.encode();
    } catch (InputException e) {
      Problem problem = e.problems().get(0);
      throw problem.place() == null ? row.wrong(problem.sentence()) : e;
    }
  }

  private Message message(JsonRow row, JsonNode message, String at) throws IOException {
    if (!message.isObject()) {
      throw row.wrong(
          at + " must be an object with role and content, found " + JsonRow.kind(message));
    }
    String role = row.text(at + ".role", present(row, message, at, "role"));
    ObjectNode fields = JsonNodeFactory.instance.objectNode().put("role", role);
    for (Map.Entry<String, JsonNode> entry : message.properties()) {
      String key = entry.getKey();
      if (RowKeys.saysWhetherLearned(key)) {
        continue;
      }
      boolean known = key.equals("role") || key.equals("content") || RowKeys.isAboutMessage(key);
      if (!known && RowKeys.isGiven(entry.getValue())) {
        requireRead(row, key, at + "." + key);
      }
      JsonRow.halfCharacter(at + "." + key, entry.getValue())
          .ifPresent(
              sentence -> {
                throw row.wrong(sentence);
              });
      fields.set(key, entry.getValue());
    }
    if (!RowKeys.isGiven(message.path("tool_calls"))) {
      present(row, message, at, "content");
    }
    return new Message(fields, RowKeys.learned(row, message, at));
  }

  private static JsonNode present(JsonRow row, JsonNode message, String at, String key) {
    JsonNode value = message.path(key);
    if (value.isMissingNode()) {
      throw row.wrong(at + "." + key + " is missing");
    }
    return value;
  }

  private void requireRead(JsonRow row, String name, String at) throws IOException {
    if (!chats.reads(name)) {
      throw row.wrong(
          at
              + " is not read by the model's chat template; take it out, or write it into a content");
    }
  }
}
