package dev.polyphase.data;

import dev.polyphase.chat.Conversation;
import dev.polyphase.chat.Message;
import java.util.List;

/** What a row of kto says, whatever its columns are called: a completion is wanted or not. */
sealed interface JudgedSample {

  /** A text that follows a text. */
  record Text(String prompt, String completion, boolean desirable) implements JudgedSample {}

  /** Turns that follow a conversation. */
  record Chat(Conversation prompt, List<Message> completion, boolean desirable)
      implements JudgedSample {}

  /** Token ids, used as they are. */
  record Tokens(Judged judged) implements JudgedSample {}
}
