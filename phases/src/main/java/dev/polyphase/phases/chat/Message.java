package dev.polyphase.phases.chat;

import java.util.List;

/**
 * A turn of a conversation.
 *
 * @param role one of {@link #ROLES}
 * @param content what was said
 */
public record Message(String role, String content) {

  /** Who may speak. */
  public static final List<String> ROLES = List.of("system", "user", "assistant", "tool");

  /** Whether this is what a model learns to say. */
  public boolean isAssistant() {
    return role.equals("assistant");
  }
}
