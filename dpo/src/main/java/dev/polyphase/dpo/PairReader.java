package dev.polyphase.dpo;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.Conversation;
import dev.polyphase.chat.Message;
import dev.polyphase.data.Conversations;
import dev.polyphase.data.DatasetRows;
import dev.polyphase.data.JsonRow;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.data.RowKeys;
import dev.polyphase.data.RowProblems;
import dev.polyphase.data.RowShape;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.tokens.PromptCompletion;
import dev.polyphase.tokens.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads the rows of dpo phases, each fitted into the phase's sequence. */
public final class PairReader {
  private static final Set<RowShape> SHAPES =
      Collections.unmodifiableSet(
          EnumSet.of(
              RowShape.PREFERENCE_TOKENS, RowShape.PREFERENCE, RowShape.PREFERENCE_CONVERSATIONS));

  private final int sequenceLen;
  private final int vocabSize;
  private final LazyTokenizer tokenizer;
  private final ChatEncoder chats;
  private final Conversations conversations;

  /**
   * A reader for one phase.
   *
   * @param sequenceLen the most tokens of a prompt and one completion
   * @param vocabSize the rows of the model's embeddings; a token id is below it
   * @param tokenizer asked only by rows of text
   * @param template in place of the model's own, where it is given
   */
  public PairReader(
      int sequenceLen, int vocabSize, LazyTokenizer tokenizer, Optional<ChatTemplate> template) {
    this.sequenceLen = sequenceLen;
    this.vocabSize = vocabSize;
    this.tokenizer = tokenizer;
    this.chats = new ChatEncoder(tokenizer, template);
    this.conversations = new Conversations(chats);
  }

  /**
   * Reads all pairs. A completion that runs past the sequence is cut at its end; a pair is left out
   * where no token of a completion is left that carries loss. Both are counted.
   *
   * @param folder the folder that the datasets' paths are relative to
   * @param key the key that names the datasets, for messages, as {@code datasets}
   * @param listener hears of each row
   * @throws InputException naming what is wrong with datasets, files and rows, up to {@link
   *     RowProblems#LIMIT} at once; or that no pair is left
   */
  public Pairs read(Path folder, String key, List<Dataset> datasets, ReadingListener listener)
      throws IOException {
    Fitted fitted = new Fitted();
    RowProblems problems = new RowProblems();
    new DatasetRows(folder, key, datasets, SHAPES)
        .read(problems, listener, (row, shape) -> fitted.add(pair(row, shape), row.place()));
    problems.throwIfAny();
    if (fitted.rows.isEmpty()) {
      throw new InputException(
          "%s: none of the %,d pairs has completions within the first %,d tokens (sequence_len): %,d are longer than that, and %,d have a completion without loss at any length"
              .formatted(key, fitted.read, sequenceLen, fitted.dropped, fitted.withoutLoss));
    }
    return fitted.pairs();
  }

  private Pair pair(JsonRow row, RowShape shape) throws IOException {
    RowKeys.refuseUnread(row, shape);
    if (shape == RowShape.PREFERENCE_TOKENS) {
      return fromTokens(row);
    }
    boolean isConversations =
        Conversations.isAt(row, "chosen") || Conversations.isAt(row, "rejected");
    if (isConversations || Conversations.isAt(row, "prompt")) {
      return fromConversations(row);
    }
    if (shape == RowShape.PREFERENCE_CONVERSATIONS) {
      throw row.wrong(
          "\"chosen\" and \"rejected\" are texts, and no \"prompt\" says what they complete; a pair is {\"prompt\", \"chosen\", \"rejected\"} as texts or messages, or {\"chosen\", \"rejected\"} as conversations that begin with the prompt");
    }
    return fromText(row);
  }

  /** Used as they are; nothing is added. */
  private Pair fromTokens(JsonRow row) {
    return new Pair(
        row.ids("prompt_input_ids", vocabSize),
        notEmpty(row, "chosen_input_ids"),
        notEmpty(row, "rejected_input_ids"));
  }

  private int[] notEmpty(JsonRow row, String key) {
    int[] ids = row.ids(key, vocabSize);
    if (ids.length == 0) {
      throw row.wrong("\"" + key + "\" is empty; a completion has at least one token");
    }
    return ids;
  }

  private Pair fromText(JsonRow row) throws IOException {
    Tokenizer open = tokenizer.get();
    String prompt = row.text("prompt");
    return pair(
        row, open.encode(prompt, row.text("chosen")), open.encode(prompt, row.text("rejected")));
  }

  /**
   * Without messages of a prompt the two conversations share it: all turns but their last. A prompt
   * that is a text, as many data sets have it, repeats what is said there.
   */
  private Pair fromConversations(JsonRow row) throws IOException {
    List<Message> chosen = conversations.messages(row, "chosen");
    List<Message> rejected = conversations.messages(row, "rejected");
    if (Conversations.isAt(row, "prompt")) {
      return fromTurns(row, conversations.prompt(row, "prompt"), chosen, rejected);
    }
    List<Message> prompt = chosen.subList(0, chosen.size() - 1);
    if (prompt.isEmpty() && row.has("prompt")) {
      throw row.wrong(
          "\"prompt\" must be a list of messages where \"chosen\" and \"rejected\" do not begin with it, found a text");
    }
    if (prompt.isEmpty() || !prompt.equals(rejected.subList(0, rejected.size() - 1))) {
      throw row.wrong(
          "\"chosen\" and \"rejected\" must be conversations that differ in their last message alone, or \"prompt\" must hold the messages before them; found %s and %s"
              .formatted(roles(chosen), roles(rejected)));
    }
    if (row.has("prompt")) {
      requireSaid(row, prompt);
    }
    return fromTurns(
        row,
        prompt,
        chosen.subList(prompt.size(), chosen.size()),
        rejected.subList(prompt.size(), rejected.size()));
  }

  private static List<String> roles(List<Message> messages) {
    return messages.stream().map(Message::role).toList();
  }

  /** Either may be the longer: a text of several turns, or one turn of a conversation. */
  private static void requireSaid(JsonRow row, List<Message> prompt) {
    String text = row.text("prompt").strip();
    boolean said =
        prompt.stream()
            .map(message -> message.content().strip())
            .filter(content -> !content.isEmpty())
            .anyMatch(content -> content.contains(text) || text.contains(content));
    if (!said) {
      throw row.wrong(
          "\"prompt\" is a text that no message before the last of \"chosen\" says; leave it out, or write it as messages");
    }
  }

  private Pair fromTurns(
      JsonRow row, List<Message> turns, List<Message> chosen, List<Message> rejected)
      throws IOException {
    Conversation prompt = conversations.conversation(row, turns);
    PromptCompletion preferred =
        Conversations.encoded(row, () -> chats.encodeTurns(prompt, chosen));
    PromptCompletion other = Conversations.encoded(row, () -> chats.encodeTurns(prompt, rejected));
    return pair(row, preferred, other);
  }

  private Pair pair(JsonRow row, PromptCompletion chosen, PromptCompletion rejected) {
    return new Pair(
        row.inVocabulary(chosen.prompt(), vocabSize),
        row.inVocabulary(chosen.completion(), vocabSize),
        row.inVocabulary(rejected.completion(), vocabSize));
  }

  /** The pairs that are kept, and what became of the others. */
  private final class Fitted {
    private final List<Pair> rows = new ArrayList<>();
    private final List<Place> places = new ArrayList<>();
    private final BitSet cut = new BitSet();
    private final BitSet equalAfterCut = new BitSet();
    private long read;
    private long dropped;
    private long withoutLoss;

    void add(Pair pair, Place place) {
      read++;
      if (!carriesLoss(pair)) {
        withoutLoss++;
        return;
      }
      int room = Math.max(0, sequenceLen - pair.prompt().length);
      Pair fitting =
          new Pair(pair.prompt(), upTo(room, pair.chosen()), upTo(room, pair.rejected()));
      if (!carriesLoss(fitting)) {
        dropped++;
        return;
      }
      cut.set(rows.size(), fitting.tokens() < pair.tokens());
      equalAfterCut.set(rows.size(), fitting.equal() && !pair.equal());
      rows.add(fitting);
      places.add(place);
    }

    private static boolean carriesLoss(Pair pair) {
      return carriesLoss(pair.prompt(), pair.chosen())
          && carriesLoss(pair.prompt(), pair.rejected());
    }

    /** The first token of all has none before it to be predicted from. */
    private static boolean carriesLoss(int[] prompt, int[] completion) {
      return completion.length > (prompt.length == 0 ? 1 : 0);
    }

    private static int[] upTo(int most, int[] ids) {
      return ids.length <= most ? ids : Arrays.copyOf(ids, most);
    }

    Pairs pairs() {
      return new Pairs(rows, places, cut, equalAfterCut, read, dropped, withoutLoss);
    }
  }
}
