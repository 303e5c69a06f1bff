package dev.polyphase.data;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.chat.Conversation;
import dev.polyphase.chat.Message;
import dev.polyphase.chat.TokenizedChat;
import dev.polyphase.data.BadRowException.Reason;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.LossOn;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.tokens.PromptCompletion;
import dev.polyphase.tokens.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Makes rows of cpt and sft into tokens and labels. Text carries loss on every token; a prompt and
 * completion on the completion and the end-of-sequence token; a conversation on what the assistant
 * says and on the tokens that end its turns, unless the dataset or a turn says otherwise; tokens as
 * their labels or masks say, which only cpt may leave out.
 */
public final class ExampleEncoders implements RowEncoders<Example> {
  private final PhaseType phase;
  private final int vocabSize;
  private final LazyTokenizer tokenizer;
  private final ChatEncoder chats;

  /**
   * Encoders for one model.
   *
   * @param phase {@code CPT} or {@code SFT}
   * @param vocabSize the rows of the model's embeddings; a token id is below it
   * @param tokenizer asked only by rows of text
   * @param chats asked only by conversations
   */
  public ExampleEncoders(
      PhaseType phase, int vocabSize, LazyTokenizer tokenizer, ChatEncoder chats) {
    if (!phase.readsText()) {
      throw new IllegalArgumentException("pairs and judged completions have encoders of their own");
    }
    this.phase = phase;
    this.vocabSize = vocabSize;
    this.tokenizer = tokenizer;
    this.chats = chats;
  }

  @Override
  public RowEncoder<Example> ofFile(Dataset dataset, JsonRow first) throws IOException {
    SampleReader reader = new SampleReader(phase, vocabSize, dataset, first, chats);
    LossOn loss = dataset.loss();
    Sample sample = EncodedRow.first(() -> reader.read(first));
    Optional<String> withoutEffect = withoutEffect(dataset, sample);
    if (withoutEffect.isPresent()) {
      throw Columns.ofFile(
          first,
          "the dataset's %s says nothing of rows that are %s%s; leave it out"
              .formatted(
                  withoutEffect.get(),
                  reader.shapeInWords(),
                  sample instanceof Sample.Completion ? " as texts" : ""));
    }
    return row -> {
      Sample here = reader.read(row);
      withoutEffect(dataset, here)
          .ifPresent(
              key -> {
                throw row.wrong(
                    Reason.SHAPE,
                    "the dataset's %s says nothing of this row, other than of the first; give the rows in files of their own"
                        .formatted(key));
              });
      return List.of(encode(here, row, loss));
    };
  }

  @Override
  public String fingerprint() throws IOException {
    return EncodedRow.fingerprint(phase, vocabSize, chats);
  }

  /**
   * Every row of a file in its order, none cut and none left out, each of whatever shape it has.
   *
   * @throws InputException naming the rows that are wrong
   */
  public List<Example> encodeFile(Path file) throws IOException {
    Dataset dataset = new Dataset(file.toString(), RowType.AUTO, 1);
    List<Example> rows = new ArrayList<>();
    RowProblems problems = new RowProblems();
    JsonRows.read(file, problems, row -> rows.addAll(ofFile(dataset, row).encode(row)));
    problems.throwIfAny();
    return rows;
  }

  /** The first key that asks for what can't be done with a row. */
  private static Optional<String> withoutEffect(Dataset dataset, Sample sample) {
    LossOn loss = dataset.loss();
    boolean chat = sample instanceof Sample.Chat || sample instanceof Sample.ChatCompletion;
    boolean completion = sample instanceof Sample.Completion;
    LossOn usual = LossOn.ASSISTANT;
    if (loss.trainOnInputs() && !chat && !completion && !(sample instanceof Sample.Segments)) {
      return Optional.of("train_on_inputs");
    }
    if (!loss.rolesToTrain().equals(usual.rolesToTrain()) && !chat) {
      return Optional.of("roles_to_train");
    }
    if (loss.trainOnEos() != usual.trainOnEos() && !chat && !completion) {
      return Optional.of("train_on_eos");
    }
    if (!dataset.chatTemplateKwargs().isEmpty() && !chat) {
      return Optional.of("chat_template_kwargs");
    }
    if (!chat && EncodedRow.ofTurns(dataset).isPresent()) {
      return EncodedRow.ofTurns(dataset);
    }
    return loss.lastTurnOnly() && !chat ? Optional.of("last_turn_only") : Optional.empty();
  }

  private Example encode(Sample sample, JsonRow row, LossOn loss) throws IOException {
    Example example =
        EncodedRow.of(
            row,
            () -> {
              if (sample instanceof Sample.Tokens tokens) {
                return tokens.example();
              }
              if (sample instanceof Sample.Text text) {
                int[] ids = tokenizer.get().encodeDocument(text.text());
                return new Example(ids, ids);
              }
              if (sample instanceof Sample.Completion completion) {
                return completion(completion, loss);
              }
              if (sample instanceof Sample.Segments segments) {
                return segments(segments, loss);
              }
              return chat(sample, row, loss);
            });
    row.inVocabulary(example.ids(), vocabSize);
    return example;
  }

  private Example completion(Sample.Completion sample, LossOn loss) throws IOException {
    PromptCompletion tokens = tokenizer.get().encode(sample.prompt(), sample.completion());
    Example example = Example.afterPrompt(tokens);
    if (loss.trainOnInputs()) {
      System.arraycopy(tokens.prompt(), 0, example.labels(), 0, tokens.prompt().length);
    }
    if (loss.trainOnEos() == LossOn.Ends.NONE) {
      example.labels()[example.tokens() - 1] = JsonRow.NO_LOSS;
    }
    return example;
  }

  /** Each tokenised on its own, nothing added. */
  private Example segments(Sample.Segments sample, LossOn loss) throws IOException {
    Tokenizer open = tokenizer.get();
    int[] ids = new int[0];
    int[] labels = new int[0];
    for (Sample.Segments.Segment part : sample.parts()) {
      int[] tokens = open.encode(part.text());
      int start = ids.length;
      ids = Arrays.copyOf(ids, start + tokens.length);
      labels = Arrays.copyOf(labels, start + tokens.length);
      System.arraycopy(tokens, 0, ids, start, tokens.length);
      System.arraycopy(tokens, 0, labels, start, tokens.length);
      if (!part.learned() && !loss.trainOnInputs()) {
        Arrays.fill(labels, start, labels.length, JsonRow.NO_LOSS);
      }
    }
    return new Example(ids, labels);
  }

  private Example chat(Sample sample, JsonRow row, LossOn loss) throws IOException {
    TokenizedChat chat;
    if (sample instanceof Sample.ChatCompletion completion) {
      chat = chats.encode(completion.prompt(), completion.completion(), loss);
    } else {
      Conversation conversation = ((Sample.Chat) sample).conversation();
      requireLearned(conversation.messages(), row, loss);
      chat = chats.encode(conversation, loss);
    }
    int[] labels = chat.ids().clone();
    for (int t = 0; t < labels.length; t++) {
      labels[t] = chat.learned()[t] ? labels[t] : JsonRow.NO_LOSS;
    }
    return new Example(chat.ids(), labels);
  }

  private static void requireLearned(List<Message> messages, JsonRow row, LossOn loss) {
    if (!ChatEncoder.hasTurns(messages, loss)) {
      throw row.wrong(
          Reason.NOTHING_TO_LEARN,
          "the conversation has no turn of the %s, and so nothing to learn; leave it out"
              .formatted(String.join(" or ", loss.rolesToTrain())));
    }
  }
}
