package dev.polyphase.chat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a template makes a text of.
 *
 * @param messages the turns, in order
 * @param variables what else the row gives the template, by name
 */
public record Conversation(List<Message> messages, Map<String, JsonNode> variables) {

  public Conversation {
    messages = List.copyOf(messages);
    variables = Map.copyOf(variables);
  }

  /** A conversation of turns alone. */
  public Conversation(List<Message> messages) {
    this(messages, Map.of());
  }

  /** The same with further turns. */
  Conversation with(List<Message> turns) {
    List<Message> all = new ArrayList<>(messages);
    all.addAll(turns);
    return new Conversation(all, variables);
  }

  /** The names of what the template is given beside roles and contents. */
  Set<String> extras() {
    Set<String> names = new LinkedHashSet<>(variables.keySet());
    messages.forEach(message -> names.addAll(message.more().keySet()));
    return names;
  }
}
