package dev.polyphase.chat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What a template makes a text of.
 *
 * @param messages the turns, in order
 * @param variables what else the row gives the template, by name: {@code tools}, {@code documents},
 *     and each entry of its {@code chat_template_kwargs}; not changed by anyone
 */
public record Conversation(List<Message> messages, ObjectNode variables) {

  public Conversation {
    messages = List.copyOf(messages);
  }

  /** A conversation of turns alone. */
  public Conversation(List<Message> messages) {
    this(messages, JsonNodeFactory.instance.objectNode());
  }

  /** The same with further turns. */
  Conversation with(List<Message> turns) {
    List<Message> all = new ArrayList<>(messages);
    all.addAll(turns);
    return new Conversation(all, variables);
  }

  /** Its first turns alone. */
  Conversation first(int count) {
    return new Conversation(messages.subList(0, count), variables);
  }
}
