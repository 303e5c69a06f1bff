package dev.polyphase.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.chat.Message;
import dev.polyphase.data.BadRowException.Reason;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.PhaseType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Reads what the rows of one file of dpo say. */
final class PairSampleReader {
  private final int vocabSize;
  private final RowShape shape;
  private final Columns columns;
  private final TurnReader turns;

  /** Whether texts are turns of a conversation, since a system message stands beside them. */
  private final boolean textsAreTurns;

  /**
   * A reader of a file.
   *
   * @param first its first row
   * @throws dev.polyphase.pipelines.problems.InputException if that is of no shape that is read
   */
  PairSampleReader(int vocabSize, Dataset dataset, JsonRow first, ChatEncoder chats) {
    this.vocabSize = vocabSize;
    this.columns = new Columns(dataset, PhaseType.DPO);
    this.shape = columns.shapeOf(first);
    this.turns = new TurnReader(dataset, chats);
    this.textsAreTurns = columns.names(first, Column.SYSTEM);
  }

  /** What a row says. */
  PairSample read(JsonRow row) throws IOException {
    Cells cells = columns.cells(row, shape);
    if (shape == RowShape.PREFERENCE_TOKENS) {
      return tokens(row);
    }
    if (!cells.has(Column.CHOSEN)) {
      return besideTheOther(cells);
    }
    boolean turnsGiven =
        List.of(Column.PROMPT, Column.CHOSEN, Column.REJECTED).stream()
            .anyMatch(column -> TurnReader.isTurns(cells.value(column)));
    boolean hasTurns =
        List.of(Column.MESSAGES, Column.INSTRUCTION, Column.INPUT).stream().anyMatch(cells::has);
    return turnsGiven || hasTurns || textsAreTurns ? conversations(cells) : texts(cells);
  }

  /** Used as they are; nothing is added. */
  private PairSample tokens(JsonRow row) {
    return new PairSample.Tokens(
        new Pair(
            row.ids("prompt_input_ids", vocabSize),
            row.completionIds("chosen_input_ids", vocabSize),
            row.completionIds("rejected_input_ids", vocabSize)));
  }

  // ---- texts

  private PairSample texts(Cells cells) {
    cells.refuseForTemplates();
    String chosen = cells.text(Column.CHOSEN);
    String rejected = cells.text(Column.REJECTED);
    if (cells.has(Column.PROMPT)) {
      return new PairSample.Texts(cells.text(Column.PROMPT), chosen, rejected);
    }
    int shared = sharedText(chosen, rejected);
    if (shared == 0) {
      throw cells
          .row()
          .wrong(
              Reason.NO_PROMPT,
              "\"%s\" and \"%s\" are texts, and no \"prompt\" says what they complete, nor do they begin alike; a pair is {\"prompt\", \"chosen\", \"rejected\"} as texts or messages, or {\"chosen\", \"rejected\"} as texts or conversations that begin with the prompt"
                  .formatted(cells.name(Column.CHOSEN), cells.name(Column.REJECTED)));
    }
    return new PairSample.Texts(
        chosen.substring(0, shared), chosen.substring(shared), rejected.substring(shared));
  }

  /**
   * How much two texts have in common at their beginning, in UTF-16 units. As in TRL a space before
   * the first difference belongs to what follows; unlike there, where one text goes on from the
   * other all of that is shared, and no character is cut in two.
   */
  private static int sharedText(String a, String b) {
    int most = Math.min(a.length(), b.length());
    int shared = 0;
    while (shared < most && a.charAt(shared) == b.charAt(shared)) {
      shared++;
    }
    if (shared == most) {
      return shared;
    }
    if (shared > 0
        && (Character.isHighSurrogate(a.charAt(shared - 1)) || a.charAt(shared - 1) == ' ')) {
      shared--;
    }
    return shared;
  }

  // ---- conversations

  private PairSample conversations(Cells cells) throws IOException {
    boolean bothAreTexts =
        cells.value(Column.CHOSEN).isTextual() && cells.value(Column.REJECTED).isTextual();
    List<Message> chosen = answer(cells, Column.CHOSEN, bothAreTexts);
    List<Message> rejected = answer(cells, Column.REJECTED, bothAreTexts);
    if (cells.has(Column.INSTRUCTION) || cells.has(Column.INPUT)) {
      return pair(cells, turns.task(cells), chosen, rejected);
    }
    if (cells.has(Column.MESSAGES)) {
      List<Message> messages = turns.turns(cells, Column.MESSAGES);
      if (!same(messages, chosen)) {
        return afterPrompt(cells, messages, chosen, rejected);
      }
    }
    if (TurnReader.isTurns(cells.value(Column.PROMPT))) {
      return afterPrompt(cells, turns.prompt(cells, Column.PROMPT), chosen, rejected);
    }
    if (cells.has(Column.PROMPT) && bothAreTexts) {
      Message asked = new Message(TurnReader.USER, cells.text(Column.PROMPT));
      return pair(cells, List.of(asked), chosen, rejected);
    }
    if (cells.has(Column.PROMPT)) {
      requireSaid(cells, chosen);
    }
    return withSharedTurns(cells, chosen, rejected);
  }

  private List<Message> answer(Cells cells, Column column, boolean mayBeText) throws IOException {
    return mayBeText && cells.value(column).isTextual()
        ? List.of(new Message(TurnReader.ASSISTANT, cells.text(column)))
        : turns.turns(cells, column);
  }

  /** As some have it, conversations go through the prompt once more. */
  private PairSample afterPrompt(
      Cells cells, List<Message> prompt, List<Message> chosen, List<Message> rejected)
      throws IOException {
    int n = prompt.size();
    boolean repeated =
        chosen.size() > n
            && rejected.size() > n
            && same(prompt, chosen.subList(0, n))
            && same(prompt, rejected.subList(0, n));
    return repeated
        ? pair(
            cells, prompt, chosen.subList(n, chosen.size()), rejected.subList(n, rejected.size()))
        : pair(cells, prompt, chosen, rejected);
  }

  /** The prompt is what both conversations begin with. */
  private PairSample withSharedTurns(Cells cells, List<Message> chosen, List<Message> rejected)
      throws IOException {
    int most = Math.min(chosen.size(), rejected.size()) - 1;
    int shared = 0;
    while (shared < most && same(chosen.get(shared), rejected.get(shared))) {
      shared++;
    }
    boolean partsAtQuestion = isAsked(chosen.get(shared)) || isAsked(rejected.get(shared));
    while (shared > 0
        && !(chosen.get(shared).isAssistant() && rejected.get(shared).isAssistant())) {
      shared--;
    }
    if (shared == 0 || partsAtQuestion) {
      throw cells
          .row()
          .wrong(
              Reason.NO_PROMPT,
              "\"%s\" and \"%s\" must be conversations that begin with the same turns and part where the assistant answers, or \"prompt\" must hold the turns before them; found %s and %s"
                  .formatted(
                      cells.has(Column.CHOSEN)
                          ? cells.name(Column.CHOSEN)
                          : cells.name(Column.MESSAGES),
                      cells.name(Column.REJECTED),
                      roles(chosen),
                      roles(rejected)));
    }
    return pair(
        cells,
        chosen.subList(0, shared),
        chosen.subList(shared, chosen.size()),
        rejected.subList(shared, rejected.size()));
  }

  /** Rows whose preferred completion is that of a row for sft, and beside it the other one. */
  private PairSample besideTheOther(Cells cells) throws IOException {
    List<Message> rejected = answer(cells, Column.REJECTED, true);
    if (!cells.has(Column.MESSAGES)) {
      List<Message> chosen = List.of(new Message(TurnReader.ASSISTANT, cells.text(Column.OUTPUT)));
      return pair(cells, turns.task(cells), chosen, rejected);
    }
    List<Message> all = turns.turns(cells, Column.MESSAGES);
    if (rejected.stream().anyMatch(PairSampleReader::isAsked)) {
      return withSharedTurns(cells, all, rejected);
    }
    int prompt = all.size();
    while (prompt > 0 && !all.get(prompt - 1).role().equals(TurnReader.USER)) {
      prompt--;
    }
    if (prompt == 0 || prompt == all.size()) {
      throw cells
          .row()
          .wrong(
              Reason.NO_PROMPT,
              "\"%s\" must hold what the user asks and the answer that is preferred to \"%s\", found %s"
                  .formatted(cells.name(Column.MESSAGES), cells.name(Column.REJECTED), roles(all)));
    }
    return pair(cells, all.subList(0, prompt), all.subList(prompt, all.size()), rejected);
  }

  private PairSample pair(
      Cells cells, List<Message> prompt, List<Message> chosen, List<Message> rejected)
      throws IOException {
    for (List<Message> completion : List.of(chosen, rejected)) {
      if (completion.stream().anyMatch(turn -> !turn.learned().orElse(true))) {
        throw cells
            .row()
            .wrong(
                Reason.NOTHING_TO_LEARN,
                "a turn of its completions is not to be learned, and so nothing to prefer; leave the pair out");
      }
    }
    return new PairSample.Chats(
        turns.conversation(cells, turns.withSystem(cells, prompt)), chosen, rejected);
  }

  /** A text beside conversations repeats what is said there; either may be the longer. */
  private static void requireSaid(Cells cells, List<Message> chosen) {
    List<Message> prompt = chosen.subList(0, chosen.size() - 1);
    String name = "\"" + cells.name(Column.PROMPT) + "\"";
    if (prompt.isEmpty()) {
      throw cells
          .row()
          .wrong(
              Reason.NO_PROMPT,
              name
                  + " must be a list of messages where \"chosen\" and \"rejected\" do not begin with it, found a text");
    }
    String text = cells.text(Column.PROMPT).strip();
    boolean said =
        prompt.stream()
            .map(message -> message.content().strip())
            .filter(content -> !content.isEmpty())
            .anyMatch(content -> content.contains(text) || text.contains(content));
    if (!said) {
      throw cells
          .row()
          .wrong(
              Reason.CONTRADICTION,
              name
                  + " is a text that no message before the last of \"chosen\" says; leave it out, or write it as messages");
    }
  }

  private static boolean isAsked(Message message) {
    return message.role().equals(TurnReader.USER) || message.role().equals(TurnReader.SYSTEM);
  }

  private static List<String> roles(List<Message> messages) {
    return messages.stream().map(Message::role).toList();
  }

  private static boolean same(List<Message> these, List<Message> those) {
    if (these.size() != those.size()) {
      return false;
    }
    for (int i = 0; i < these.size(); i++) {
      if (!same(these.get(i), those.get(i))) {
        return false;
      }
    }
    return true;
  }

  /** Whether two turns say the same, wherever they are from. */
  private static boolean same(Message one, Message other) {
    return one.fields().equals(other.fields()) || said(one).equals(said(other));
  }

  private static ObjectNode said(Message message) {
    ObjectNode said = message.fields().deepCopy();
    List<String> about = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : said.properties()) {
      if (RowKeys.isAbout(entry.getKey()) || !Message.isGiven(entry.getValue())) {
        about.add(entry.getKey());
      }
    }
    return said.remove(about);
  }
}
