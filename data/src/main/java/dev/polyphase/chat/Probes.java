package dev.polyphase.chat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/** Conversations in which templates end turns in each of their ways. */
final class Probes {
  private static final Message USER = new Message("user", "Hi");
  private static final Message ASSISTANT = new Message("assistant", "Hello.");

  private Probes() {}

  static List<Conversation> all() {
    ObjectNode builtIn = JsonNodeFactory.instance.objectNode();
    builtIn.putArray("builtin_tools").add("python");
    List<Message> called = List.of(USER, call(), answer(), ASSISTANT);
    return List.of(
        new Conversation(List.of(USER, ASSISTANT)),
        new Conversation(List.of(USER, ASSISTANT, USER, ASSISTANT)),
        new Conversation(List.of(USER, call())),
        new Conversation(called),
        new Conversation(called, builtIn));
  }

  private static Message call() {
    ObjectNode fields = JsonNodeFactory.instance.objectNode();
    fields.put("role", "assistant").putNull("content");
    ObjectNode call = fields.putArray("tool_calls").addObject();
    call.put("id", "abcdefghi").put("type", "function");
    call.putObject("function").put("name", "f").putObject("arguments").put("a", "b");
    return new Message(fields, Optional.empty());
  }

  private static Message answer() {
    ObjectNode fields = JsonNodeFactory.instance.objectNode();
    fields.put("role", "tool").put("content", "c").put("name", "f");
    fields.put("tool_call_id", "abcdefghi");
    return new Message(fields, Optional.empty());
  }
}
