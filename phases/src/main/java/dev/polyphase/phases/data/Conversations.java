package dev.polyphase.phases.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.phases.chat.Message;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Reads conversations from rows. */
public final class Conversations {
  private Conversations() {}

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
   * The messages under a key, at least one.
   *
   * @throws InputException if they are missing, or one of them is wrong
   */
  public static List<Message> at(JsonRow row, String key) {
    JsonNode list = row.fields().path(key);
    if (!list.isArray()) {
      String found = list.isMissingNode() ? "nothing" : JsonRow.kind(list);
      throw row.wrong("\"" + key + "\" must be a list of messages, found " + found);
    }
    if (list.isEmpty()) {
      throw row.wrong("\"" + key + "\" is empty; a conversation has at least one message");
    }
    if (isGiven(row.fields().path("tools"))) {
      throw row.wrong("\"tools\" are not built yet; write them into the system message");
    }
    List<Message> messages = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      messages.add(message(row, list.get(i), key + "[" + i + "]"));
    }
    return messages;
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

  private static Message message(JsonRow row, JsonNode message, String at) {
    if (!message.isObject()) {
      throw row.wrong(
          at + " must be an object with role and content, found " + JsonRow.kind(message));
    }
    if (isGiven(message.path("tool_calls"))) {
      throw row.wrong(at + ".tool_calls are not built yet; write the calls into the content");
    }
    String role = text(row, message, at, "role");
    if (!Message.ROLES.contains(role)) {
      throw row.wrong(
          "%s.role is \"%s\", and must be one of %s".formatted(at, role, Message.ROLES));
    }
    return new Message(role, text(row, message, at, "content"));
  }

  private static String text(JsonRow row, JsonNode message, String at, String key) {
    JsonNode value = message.path(key);
    if (value.isMissingNode()) {
      throw row.wrong(at + "." + key + " is missing");
    }
    return row.text(at + "." + key, value);
  }

  private static boolean isGiven(JsonNode value) {
    return !value.isMissingNode() && !value.isNull() && !(value.isArray() && value.isEmpty());
  }
}
