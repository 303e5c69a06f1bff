package dev.polyphase.data;

import dev.polyphase.chat.Conversation;
import dev.polyphase.chat.Message;
import java.util.List;

/** What a row of cpt and sft says, whatever its columns are called. */
sealed interface Sample {

  /** Running text, all of which is learned. */
  record Text(String text) implements Sample {}

  /** A text and what follows it, which is learned. */
  record Completion(String prompt, String completion) implements Sample {}

  /** Texts in a row, nothing added before, between or after them. */
  record Segments(List<Segment> parts) implements Sample {
    /** A text that is learned or not. */
    record Segment(String text, boolean learned) {}
  }

  /** A conversation, learned where the assistant speaks. */
  record Chat(Conversation conversation) implements Sample {}

  /** A conversation of which only the turns after the prompt are learned. */
  record ChatCompletion(Conversation prompt, List<Message> completion) implements Sample {}

  /** Token ids, used as they are. */
  record Tokens(Example example) implements Sample {}
}
