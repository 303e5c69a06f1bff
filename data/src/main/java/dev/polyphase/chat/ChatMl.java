package dev.polyphase.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * ChatML: each turn is {@code <|im_start|>role\ncontent<|im_end|>\n}.
 *
 * @param defaultSystem the system message of conversations that do not begin with one; without it
 *     they have none
 */
record ChatMl(Optional<String> defaultSystem) {
  static final String START = "<|im_start|>";
  static final String END = "<|im_end|>";

  /** The text of a conversation. */
  RenderedChat render(List<Message> messages, boolean addGenerationPrompt) {
    StringBuilder text = new StringBuilder();
    List<RenderedChat.Span> learned = new ArrayList<>();
    boolean hasSystem = !messages.isEmpty() && messages.get(0).role().equals("system");
    if (!hasSystem) {
      defaultSystem.ifPresent(content -> append(new Message("system", content), text));
    }
    for (Message message : messages) {
      int start = append(message, text);
      if (message.learned()) {
        learned.add(new RenderedChat.Span(start, text.length() - 1));
      }
    }
    if (addGenerationPrompt) {
      text.append(START).append("assistant\n");
    }
    return new RenderedChat(text.toString(), learned);
  }

  /** Returns where the content begins. */
  private static int append(Message message, StringBuilder text) {
    text.append(START).append(message.role()).append('\n');
    int start = text.length();
    text.append(message.content()).append(END).append('\n');
    return start;
  }
}
