package dev.polyphase.data;

import dev.polyphase.chat.Conversation;
import dev.polyphase.chat.Message;
import java.util.List;

/** What a row of dpo says, whatever its columns are called: of two completions one is preferred. */
sealed interface PairSample {

  /** Texts that follow a text. */
  record Texts(String prompt, String chosen, String rejected) implements PairSample {}

  /** Turns that follow a conversation. */
  record Chats(Conversation prompt, List<Message> chosen, List<Message> rejected)
      implements PairSample {}

  /** Token ids, used as they are. */
  record Tokens(Pair pair) implements PairSample {}
}
