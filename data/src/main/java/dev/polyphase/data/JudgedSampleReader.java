package dev.polyphase.data;

import dev.polyphase.chat.Conversation;
import dev.polyphase.chat.Message;
import dev.polyphase.data.BadRowException.Reason;
import java.io.IOException;
import java.util.List;

/**
 * Reads what the rows of one file of kto say: what rows of sft do, and beside it whether that is
 * wanted.
 *
 * @param samples reads the rows but for their label
 * @param vocabSize token ids are below it
 */
record JudgedSampleReader(SampleReader samples, int vocabSize) {

  /** What a row says. */
  JudgedSample read(JsonRow row) throws IOException {
    Cells cells = samples.cells(row);
    boolean desirable = cells.wanted();
    if (samples.shape() == RowShape.COMPLETION_TOKENS) {
      return new JudgedSample.Tokens(
          new Judged(
              row.ids("prompt_input_ids", vocabSize),
              row.completionIds("completion_input_ids", vocabSize),
              desirable));
    }
    Sample said = samples.said(cells);
    if (said instanceof Sample.Completion texts) {
      return new JudgedSample.Text(texts.prompt(), texts.completion(), desirable);
    }
    JudgedSample.Chat chat =
        said instanceof Sample.ChatCompletion turns
            ? new JudgedSample.Chat(turns.prompt(), turns.completion(), desirable)
            : afterLastQuestion(row, ((Sample.Chat) said).conversation(), desirable);
    requireJudgedAsAWhole(row, chat);
    return chat;
  }

  /** Of a conversation the completion is what follows the last turn of the user. */
  private static JudgedSample.Chat afterLastQuestion(
      JsonRow row, Conversation conversation, boolean desirable) {
    List<Message> turns = conversation.messages();
    int prompt = turns.size();
    while (prompt > 0 && !turns.get(prompt - 1).role().equals(TurnReader.USER)) {
      prompt--;
    }
    if (prompt == 0 || prompt == turns.size()) {
      throw row.wrong(
          Reason.NO_PROMPT,
          "a conversation must hold what the user asks and then the answer that is judged, found "
              + turns.stream().map(Message::role).toList());
    }
    return new JudgedSample.Chat(
        new Conversation(turns.subList(0, prompt), conversation.variables()),
        turns.subList(prompt, turns.size()),
        desirable);
  }

  private static void requireJudgedAsAWhole(JsonRow row, JudgedSample.Chat chat) {
    if (chat.completion().stream().anyMatch(turn -> !turn.learned().orElse(true))) {
      throw row.wrong(
          Reason.NOTHING_TO_LEARN,
          "a turn of the completion is not to be learned, and a completion is judged as a whole; leave the row out");
    }
    if (chat.prompt().messages().stream().anyMatch(turn -> turn.learned().orElse(false))) {
      throw row.wrong(
          Reason.CONTRADICTION,
          "a turn before the completion is to be learned, and kto learns of the completion alone; take that key out of the turn");
    }
  }
}
