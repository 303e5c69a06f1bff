package dev.polyphase.data;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.tokens.PromptCompletion;
import dev.polyphase.tokens.Tokenizer;
import java.io.IOException;
import java.util.List;

/** Makes rows of dpo into pairs of completions. */
public final class PairEncoders implements RowEncoders<Pair> {
  private final int vocabSize;
  private final LazyTokenizer tokenizer;
  private final ChatEncoder chats;

  /**
   * Encoders for one model.
   *
   * @param vocabSize the rows of the model's embeddings; a token id is below it
   * @param tokenizer asked only by rows of text
   * @param chats asked only by conversations
   */
  public PairEncoders(int vocabSize, LazyTokenizer tokenizer, ChatEncoder chats) {
    this.vocabSize = vocabSize;
    this.tokenizer = tokenizer;
    this.chats = chats;
  }

  @Override
  public RowEncoder<Pair> ofFile(Dataset dataset, JsonRow first) throws IOException {
    EncodedRow.requireLossAsUsual(dataset, first, "a pair carries loss on its completions");
    PairSampleReader reader = new PairSampleReader(vocabSize, dataset, first, chats);
    PairSample sample = EncodedRow.first(() -> reader.read(first));
    EncodedRow.requireNothingOfChats(dataset, first, sample instanceof PairSample.Chats);
    return row -> List.of(encode(reader.read(row), row));
  }

  @Override
  public String fingerprint() throws IOException {
    return EncodedRow.fingerprint(PhaseType.DPO, vocabSize, chats);
  }

  private Pair encode(PairSample sample, JsonRow row) throws IOException {
    Pair pair = EncodedRow.of(row, () -> pair(sample));
    row.inVocabulary(pair.prompt(), vocabSize);
    row.inVocabulary(pair.chosen(), vocabSize);
    row.inVocabulary(pair.rejected(), vocabSize);
    return pair;
  }

  private Pair pair(PairSample sample) throws IOException {
    if (sample instanceof PairSample.Tokens tokens) {
      return tokens.pair();
    }
    if (sample instanceof PairSample.Texts texts) {
      Tokenizer open = tokenizer.get();
      return pair(
          open.encode(texts.prompt(), texts.chosen()),
          open.encode(texts.prompt(), texts.rejected()));
    }
    PairSample.Chats turns = (PairSample.Chats) sample;
    return pair(
        chats.encodeTurns(turns.prompt(), turns.chosen()),
        chats.encodeTurns(turns.prompt(), turns.rejected()));
  }

  private static Pair pair(PromptCompletion chosen, PromptCompletion rejected) {
    return new Pair(
        chosen.prompt(),
        chosen.completion(),
        rejected.completion(),
        chosen.seamInToken() || rejected.seamInToken());
  }
}
