package dev.polyphase.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.Conversation;
import dev.polyphase.chat.Message;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
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
   * Turns with what else the row gives the template: {@code documents} and {@code
   * chat_template_kwargs}.
   *
   * @throws InputException if the template does not read one of them, or tools are given
   */
  public Conversation conversation(JsonRow row, List<Message> messages) throws IOException {
    if (!ChatTemplate.tools(row.fields().path(ChatTemplate.TOOLS)).isNull()) {
      throw row.wrong("\"tools\" are not built yet; write them into the system message");
    }
    Map<String, JsonNode> variables = new HashMap<>();
    JsonNode documents = row.fields().path(DOCUMENTS);
    if (RowKeys.isGiven(documents)) {
      requireRead(row, DOCUMENTS, "\"" + DOCUMENTS + "\"");
      variables.put(DOCUMENTS, documents);
    }
    JsonNode more = row.fields().path(ChatTemplate.VARIABLES);
    if (RowKeys.isGiven(more) && !more.isObject()) {
      throw row.wrong(
          "\"%s\" must be an object, found %s"
              .formatted(ChatTemplate.VARIABLES, JsonRow.kind(more)));
    }
    for (Map.Entry<String, JsonNode> entry : more.properties()) {
      requireRead(row, entry.getKey(), ChatTemplate.VARIABLES + "." + entry.getKey());
      variables.put(entry.getKey(), entry.getValue());
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
    if (RowKeys.isGiven(message.path("tool_calls"))) {
      throw row.wrong(at + ".tool_calls are not built yet; write the calls into the content");
    }
    String role = text(row, message, at, "role");
    if (!Message.ROLES.contains(role)) {
      throw row.wrong(
          "%s.role is \"%s\", and must be one of %s".formatted(at, role, Message.ROLES));
    }
    Message said = new Message(role, text(row, message, at, "content"));
    Map<String, JsonNode> more = new HashMap<>();
    Map<String, JsonNode> about = new HashMap<>();
    for (Map.Entry<String, JsonNode> entry : message.properties()) {
      String key = entry.getKey();
      boolean known =
          key.equals("role") || key.equals("content") || RowKeys.saysWhetherLearned(key);
      if (known || !RowKeys.isGiven(entry.getValue())) {
        continue;
      }
      if (RowKeys.isAboutMessage(key)) {
        about.put(key, entry.getValue());
      } else {
        requireRead(row, key, at + "." + key);
        more.put(key, entry.getValue());
      }
    }
    return new Message(role, said.content(), learned(row, message, at, said), more, about);
  }

  private static boolean learned(JsonRow row, JsonNode message, String at, Message said) {
    boolean learned = RowKeys.learned(row, message, at).orElse(said.isAssistant());
    if (learned && !said.isAssistant()) {
      throw row.wrong(
          "%s is to be learned, and it is a turn of %s; only what the assistant says can be, leave the key out"
              .formatted(at, said.role()));
    }
    return learned;
  }

  private void requireRead(JsonRow row, String name, String at) throws IOException {
    if (!chats.reads(name)) {
      throw row.wrong(
          at
              + " is not read by the model's chat template; take it out, or write it into a content");
    }
  }

  private static String text(JsonRow row, JsonNode message, String at, String key) {
    JsonNode value = message.path(key);
    if (value.isMissingNode()) {
      throw row.wrong(at + "." + key + " is missing");
    }
    return row.text(at + "." + key, value);
  }
}
