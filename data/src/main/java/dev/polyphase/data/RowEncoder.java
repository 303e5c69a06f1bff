package dev.polyphase.data;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.Conversation;
import dev.polyphase.chat.Message;
import dev.polyphase.chat.TokenizedChat;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.tokens.PromptCompletion;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Turns rows of cpt and sft phases into tokens and labels. */
public final class RowEncoder {
  private final PhaseType phase;
  private final int vocabSize;
  private final LazyTokenizer tokenizer;
  private final ChatEncoder chats;
  private final Conversations conversations;

  /**
   * An encoder for one model with its own chat template.
   *
   * @param phase {@code CPT} or {@code SFT}
   * @param vocabSize the rows of the model's embeddings; a token id is below it
   * @param tokenizer asked only by rows of text
   */
  public RowEncoder(PhaseType phase, int vocabSize, LazyTokenizer tokenizer) {
    this(phase, vocabSize, tokenizer, Optional.empty());
  }

  /**
   * An encoder for one model.
   *
   * @param phase {@code CPT} or {@code SFT}
   * @param vocabSize the rows of the model's embeddings; a token id is below it
   * @param tokenizer asked only by rows of text
   * @param template in place of the model's own, where it is given
   */
  public RowEncoder(
      PhaseType phase, int vocabSize, LazyTokenizer tokenizer, Optional<ChatTemplate> template) {
    if (phase == PhaseType.DPO) {
      throw new IllegalArgumentException("preference pairs have a reader of their own");
    }
    this.phase = phase;
    this.vocabSize = vocabSize;
    this.tokenizer = tokenizer;
    this.chats = new ChatEncoder(tokenizer, template);
    this.conversations = new Conversations(chats);
  }

  /** The shapes that the phase reads. */
  public Set<RowShape> shapes() {
    return Collections.unmodifiableSet(
        switch (phase) {
          case CPT -> EnumSet.of(RowShape.TOKENS, RowShape.TEXT);
          case SFT ->
              EnumSet.of(RowShape.TOKENS, RowShape.COMPLETION, RowShape.MESSAGES, RowShape.TEXT);
          case DPO -> EnumSet.noneOf(RowShape.class);
        });
  }

  /**
   * A row's tokens, whatever their number. Text carries loss on every token; a prompt and
   * completion on the completion and the end-of-sequence token; a conversation on what the
   * assistant says and on the tokens that end its turns, but for turns that say they are not to be
   * learned, of a completion that is one likewise; pre-tokenised rows as their labels say, which
   * only cpt rows may leave out.
   *
   * @throws InputException if the row is wrong, or asks for what is not read
   */
  public Example encode(JsonRow row, RowShape shape) throws IOException {
    RowKeys.refuseUnread(row, shape);
    return switch (shape) {
      case TOKENS -> tokens(row);
      case TEXT -> text(row);
      case COMPLETION -> completion(row);
      case MESSAGES -> conversation(row);
      case PREFERENCE, PREFERENCE_CONVERSATIONS, PREFERENCE_TOKENS ->
          throw new IllegalArgumentException(shape.toString());
    };
  }

  /**
   * Every row of a file in its order, none cut and none left out, each of whatever shape it has.
   *
   * @throws InputException naming the rows that are wrong
   */
  public List<Example> encodeFile(Path file) throws IOException {
    Set<RowShape> shapes = shapes();
    List<Example> rows = new ArrayList<>();
    RowProblems problems = new RowProblems();
    JsonRows.read(file, problems, row -> rows.add(encode(row, DatasetRows.shapeOf(row, shapes))));
    problems.throwIfAny();
    return rows;
  }

  private Example tokens(JsonRow row) {
    int[] ids = row.ids("input_ids", vocabSize);
    if (ids.length == 0) {
      throw row.wrong("\"input_ids\" is empty; leave such rows out");
    }
    if (!row.has("labels")) {
      if (phase == PhaseType.CPT) {
        return new Example(ids, ids);
      }
      throw row.wrong(
          "\"labels\" is missing; give one for each of the input_ids, -100 for no loss");
    }
    int[] labels = row.labels("labels", vocabSize);
    if (labels.length != ids.length) {
      throw row.wrong(
          "%d input_ids and %d labels; there must be a label for each id, -100 for no loss"
              .formatted(ids.length, labels.length));
    }
    return new Example(ids, labels);
  }

  private Example text(JsonRow row) throws IOException {
    int[] ids = row.inVocabulary(tokenizer.get().encodeDocument(row.text("text")), vocabSize);
    return new Example(ids, ids);
  }

  private Example conversation(JsonRow row) throws IOException {
    Conversation conversation =
        conversations.conversation(row, conversations.messages(row, "messages"));
    return learned(row, Conversations.encoded(row, () -> chats.encode(conversation)));
  }

  private Example completion(JsonRow row) throws IOException {
    if (Conversations.isAt(row, "prompt") || Conversations.isAt(row, "completion")) {
      Conversation prompt = conversations.conversation(row, conversations.prompt(row, "prompt"));
      List<Message> completion = conversations.messages(row, "completion");
      return learned(row, Conversations.encoded(row, () -> chats.encode(prompt, completion)));
    }
    PromptCompletion tokens = tokenizer.get().encode(row.text("prompt"), row.text("completion"));
    return afterPrompt(
        row.inVocabulary(tokens.prompt(), vocabSize),
        row.inVocabulary(tokens.completion(), vocabSize));
  }

  private Example learned(JsonRow row, TokenizedChat chat) {
    int[] ids = row.inVocabulary(chat.ids(), vocabSize);
    int[] labels = ids.clone();
    for (int t = 0; t < labels.length; t++) {
      labels[t] = chat.learned()[t] ? ids[t] : JsonRow.NO_LOSS;
    }
    return new Example(ids, labels);
  }

  /** An example in which the completion carries the loss. */
  public static Example afterPrompt(int[] prompt, int[] completion) {
    int[] ids = Arrays.copyOf(prompt, prompt.length + completion.length);
    System.arraycopy(completion, 0, ids, prompt.length, completion.length);
    int[] labels = ids.clone();
    Arrays.fill(labels, 0, prompt.length, JsonRow.NO_LOSS);
    return new Example(ids, labels);
  }
}
