package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.Example;
import dev.polyphase.data.Pair;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.GoldenModel;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.batches.Document;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.objective.RowModel;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Prompts that are computed once for all that follow them, against rows that each have theirs. */
class SharedPrefixTest {
  /**
   * Prompts and completions longer and shorter than the window of 9 that one fixture has, of one
   * token, and empty.
   */
  private static final List<Pair> PAIRS =
      List.of(
          pair(1, 7, 5, 9),
          pair(2, 20, 13, 1),
          pair(3, 1, 4, 6),
          pair(4, 0, 5, 3),
          pair(5, 12, 1, 1),
          pair(6, 6, 0, 4),
          pair(7, 11, 12, 0),
          pair(8, 1, 1, 1),
          pair(9, 14, 2, 17));

  @TempDir Path folder;

  @ParameterizedTest
  @MethodSource("dev.polyphase.fixtures.GoldenModel#all")
  void pairsAreThoseOfPaddedRows(GoldenModel fixture) throws IOException {
    List<Example> rows = new ArrayList<>();
    List<Document> documents = new ArrayList<>();
    for (Pair pair : PAIRS) {
      rows.add(pair.chosenRow());
      rows.add(pair.rejectedRow());
      int chosen = documents.size();
      documents.add(Document.of(pair.chosenRow()));
      documents.add(new Document(whole(pair.rejected()), chosen, pair.prompt().length));
    }
    assertAlikeOrRefused(fixture, documents, rows);
  }

  /** More than two follow a prefix, it carries loss itself, and is not all of the prompt. */
  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "MISTRAL_WINDOW"})
  void manyMayFollowABeginning(Fixture fixture) throws IOException {
    Example first = RandomRows.whole(1, 25);
    int[] prefixes = {3, 25, 12, 12};
    List<Example> rows = new ArrayList<>(List.of(RandomRows.whole(2, 6), first));
    List<Document> documents = new ArrayList<>(rows.stream().map(Document::of).toList());
    for (int i = 0; i < prefixes.length; i++) {
      Example own = RandomRows.whole(10 + i, 4 + 5 * i);
      documents.add(new Document(own, 1, prefixes[i]));
      rows.add(Example.afterPrompt(Arrays.copyOf(first.ids(), prefixes[i]), own.ids()));
    }
    assertAlike(fixture.copyTo(folder), documents, rows);
  }

  /** Where positions depend on how long a row is, a prompt is another one in each. */
  private void assertAlikeOrRefused(
      GoldenModel fixture, List<Document> documents, List<Example> rows) throws IOException {
    Path checkpoint = fixture.copyTo(folder);
    ModelConfig config = ConfigReader.read(Checkpoint.open(checkpoint));
    if (RowModel.of(config).sharesPrefixes()) {
      assertAlike(checkpoint, documents, rows);
      return;
    }
    try (Transformer model = CpuModels.load(checkpoint, Set.of(), Activations.KEPT)) {
      assertThatThrownBy(() -> model.logProbs(packed(documents)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("share a prefix");
    }
  }

  private void assertAlike(Path checkpoint, List<Document> documents, List<Example> rows)
      throws IOException {
    TokenBatch shared = packed(documents);
    TokenBatch padded = TokenBatch.of(rows);
    assertThat(shared.targets()).isEqualTo(padded.targets()).isNotEmpty();
    assertThat(shared.targetDocuments()).isEqualTo(padded.targetDocuments());
    assertThat(shared.tokens()).isLessThan(padded.tokens());
    for (Activations activations : Activations.values()) {
      try (Transformer model =
          CpuModels.load(checkpoint, ParameterNames.of(checkpoint), activations)) {
        float[] expected = model.logProbs(padded);
        assertThat(TensorValues.largestDifference(model.logProbs(shared), expected))
            .isLessThan(1e-5 * TensorValues.largest(expected));
        GradientValues.assertClose(
            GradientValues.ofSumOfSquares(model, shared),
            GradientValues.ofSumOfSquares(model, padded),
            1e-5);
        GradientValues.assertClose(
            GradientValues.ofMeanLossKnownBeforehand(model, shared),
            GradientValues.ofMeanLossKnownBeforehand(model, padded),
            1e-5);
      }
    }
  }

  /** Of words that nothing but the prompt has, by their rows of the embedding. */
  @ParameterizedTest
  @EnumSource
  void theGradientOfAPromptIsTheSumOfBothRows(Fixture fixture) throws IOException {
    int[] prompt = IntStream.range(100, 113).toArray();
    Pair pair = new Pair(prompt, new Random(1).ints(8, 0, 100).toArray(), new int[] {7, 31, 2});
    Path checkpoint = fixture.copyTo(folder);
    int hidden = ConfigReader.read(Checkpoint.open(checkpoint)).hiddenSize();
    try (Transformer model =
        CpuModels.load(checkpoint, Set.of(TextNames.PLAIN.embeddings()), Activations.KEPT)) {
      TokenBatch chosen = TokenBatch.of(List.of(pair.chosenRow()));
      TokenBatch rejected = TokenBatch.of(List.of(pair.rejectedRow()));
      float[] shared = gradient(model, packed(sharing(pair)));
      float[] ofChosen = gradient(model, chosen);
      float[] ofRejected = gradient(model, rejected);
      double largest = TensorValues.largest(shared);
      for (int value = 100 * hidden; value < 113 * hidden; value++) {
        float sum = ofChosen[value] + ofRejected[value];
        assertThat((double) Math.abs(shared[value] - sum)).isLessThan(1e-5 * largest);
      }
      for (float[] one : List.of(ofChosen, ofRejected)) {
        float[] ofPrompt = Arrays.copyOfRange(one, 100 * hidden, 113 * hidden);
        assertThat(TensorValues.largest(ofPrompt)).isGreaterThan(1e-3 * largest);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "MISTRAL_WINDOW"})
  void completionsSeeThePromptAndNotEachOther(Fixture fixture) throws IOException {
    Pair pair = pair(1, 7, 6, 8);
    Pair other = pair(2, 7, 6, 8);
    try (Transformer model = CpuModels.load(fixture.copyTo(folder), Set.of(), Activations.KEPT)) {
      float[][] before = model.logits(packed(sharing(pair)));
      float[][] otherChosen =
          model.logits(packed(sharing(new Pair(pair.prompt(), other.chosen(), pair.rejected()))));
      float[][] otherRejected =
          model.logits(packed(sharing(new Pair(pair.prompt(), pair.chosen(), other.rejected()))));
      float[][] otherPrompt =
          model.logits(packed(sharing(new Pair(other.prompt(), pair.chosen(), pair.rejected()))));
      for (int position = 0; position < 7 + 6 + 8; position++) {
        boolean ofChosen = position >= 7 && position < 7 + 6;
        boolean ofRejected = position >= 7 + 6;
        assertThat(Arrays.equals(before[position], otherChosen[position]))
            .as("position %d with another chosen completion", position)
            .isEqualTo(!ofChosen);
        assertThat(Arrays.equals(before[position], otherRejected[position]))
            .as("position %d with another rejected completion", position)
            .isEqualTo(!ofRejected);
        assertThat(Arrays.equals(before[position], otherPrompt[position]))
            .as("position %d with another prompt", position)
            .isFalse();
      }
    }
  }

  /** Windows go by positions: those of the prompt count. */
  @Test
  void aWindowReachesIntoThePrompt() throws IOException {
    Pair pair = pair(1, 20, 6, 8);
    int[] changed = pair.prompt().clone();
    changed[2] = (changed[2] + 1) % 256;
    Pair other = new Pair(changed, pair.chosen(), pair.rejected());
    // Through three layers of windows of 9 a position sees the 24 before its own, so that the
    // prompt's third token reaches position 26.
    try (Transformer model =
        CpuModels.load(Fixture.MISTRAL_WINDOW.copyTo(folder), Set.of(), Activations.KEPT)) {
      float[][] before = model.logits(packed(sharing(pair)));
      float[][] after = model.logits(packed(sharing(other)));
      for (int t = 0; t < 8; t++) {
        assertThat(Arrays.equals(before[26 + t], after[26 + t]))
            .as("token %d of the rejected completion", t)
            .isEqualTo(20 + t > 2 + 3 * 8);
      }
    }
  }

  private static float[] gradient(Transformer model, TokenBatch batch) {
    Map<String, float[]> gradients = GradientValues.ofSumOfSquares(model, batch);
    return gradients.get(TextNames.PLAIN.embeddings());
  }

  private static List<Document> sharing(Pair pair) {
    return List.of(
        Document.of(pair.chosenRow()),
        new Document(whole(pair.rejected()), 0, pair.prompt().length));
  }

  private static TokenBatch packed(List<Document> documents) {
    int tokens = documents.stream().mapToInt(document -> document.row().tokens()).sum();
    return TokenBatch.packedDocuments(documents, new int[] {tokens});
  }

  private static Example whole(int[] ids) {
    return new Example(ids, ids);
  }

  /** A pair of random bytes. */
  private static Pair pair(int seed, int prompt, int chosen, int rejected) {
    Random random = new Random(seed);
    return new Pair(
        random.ints(prompt, 0, 256).toArray(),
        random.ints(chosen, 0, 256).toArray(),
        random.ints(rejected, 0, 256).toArray());
  }
}
