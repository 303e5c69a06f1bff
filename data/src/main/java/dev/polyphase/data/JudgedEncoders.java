package dev.polyphase.data;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.tokens.PromptCompletion;
import java.io.IOException;
import java.util.List;

/**
 * Makes rows of kto into completions that are wanted or not. A pair is two of them, as in TRL: the
 * preferred one is wanted, the other is not.
 */
public final class JudgedEncoders implements RowEncoders<Judged> {
  private final int vocabSize;
  private final LazyTokenizer tokenizer;
  private final ChatEncoder chats;
  private final PairEncoders pairs;

  /**
   * Encoders for one model.
   *
   * @param vocabSize the rows of the model's embeddings; a token id is below it
   * @param tokenizer asked only by rows of text
   * @param chats asked only by conversations
   */
  public JudgedEncoders(int vocabSize, LazyTokenizer tokenizer, ChatEncoder chats) {
    this.vocabSize = vocabSize;
    this.tokenizer = tokenizer;
    this.chats = chats;
    this.pairs = new PairEncoders(vocabSize, tokenizer, chats);
  }

  @Override
  public RowEncoder<Judged> ofFile(Dataset dataset, JsonRow first) throws IOException {
    SampleReader samples = new SampleReader(PhaseType.KTO, vocabSize, dataset, first, chats);
    if (samples.shape().isOfPairs()) {
      RowEncoder<Pair> ofPairs = pairs.ofFile(dataset, first);
      return row -> ofPairs.encode(row).stream().flatMap(pair -> both(pair).stream()).toList();
    }
    EncodedRow.requireLossAsUsual(dataset, first, "a judged completion carries loss as a whole");
    JudgedSampleReader reader = new JudgedSampleReader(samples, vocabSize);
    JudgedSample sample = EncodedRow.first(() -> reader.read(first));
    EncodedRow.requireNothingOfChats(dataset, first, sample instanceof JudgedSample.Chat);
    return row -> List.of(encode(reader.read(row), row));
  }

  @Override
  public String fingerprint() throws IOException {
    return EncodedRow.fingerprint(PhaseType.KTO, vocabSize, chats);
  }

  private static List<Judged> both(Pair pair) {
    return List.of(
        new Judged(pair.prompt(), pair.chosen(), true, pair.seamInToken()),
        new Judged(pair.prompt(), pair.rejected(), false, pair.seamInToken()));
  }

  private Judged encode(JudgedSample sample, JsonRow row) throws IOException {
    Judged judged = EncodedRow.of(row, () -> judged(sample));
    row.inVocabulary(judged.prompt(), vocabSize);
    row.inVocabulary(judged.completion(), vocabSize);
    return judged;
  }

  private Judged judged(JudgedSample sample) throws IOException {
    if (sample instanceof JudgedSample.Tokens tokens) {
      return tokens.judged();
    }
    if (sample instanceof JudgedSample.Text text) {
      return judged(tokenizer.get().encode(text.prompt(), text.completion()), text.desirable());
    }
    JudgedSample.Chat turns = (JudgedSample.Chat) sample;
    return judged(chats.encodeTurns(turns.prompt(), turns.completion()), turns.desirable());
  }

  private static Judged judged(PromptCompletion tokens, boolean desirable) {
    return new Judged(tokens.prompt(), tokens.completion(), desirable, tokens.seamInToken());
  }
}
