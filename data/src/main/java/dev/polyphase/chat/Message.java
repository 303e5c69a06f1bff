package dev.polyphase.chat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/**
 * A turn of a conversation.
 *
 * @param role one of {@link #ROLES}
 * @param content what was said
 * @param learned whether a model learns to say it; only what an assistant says can be
 * @param more what else the row says in it, by key, which must not be lost
 * @param about what the row tells of it, as where it is from
 */
public record Message(
    String role,
    String content,
    boolean learned,
    Map<String, JsonNode> more,
    Map<String, JsonNode> about) {

  /** Who may speak. */
  public static final List<String> ROLES = List.of("system", "user", "assistant", "tool");

  /** Whose turns are learned. */
  private static final String ASSISTANT = "assistant";

  public Message {
    more = Map.copyOf(more);
    about = Map.copyOf(about);
    if (learned && !role.equals(ASSISTANT)) {
      throw new IllegalArgumentException("a turn of " + role + " can't be learned");
    }
  }

  /** A turn of nothing but its text; an assistant's is learned. */
  public Message(String role, String content) {
    this(role, content, role.equals(ASSISTANT), Map.of(), Map.of());
  }

  /** Whether this is the model's turn. */
  public boolean isAssistant() {
    return role.equals(ASSISTANT);
  }
}
