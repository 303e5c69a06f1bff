package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import dev.polyphase.data.Example;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.batches.TokenBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rows side by side against the same rows one below the other. */
class PackedBatchTest {
  /**
   * Longer and shorter than the window of 9 that one fixture has; a row of one token, which has no
   * target; a row without loss.
   */
  private static final List<Example> ROWS =
      List.of(row(1, 31), row(2, 1), withoutLoss(row(3, 12)), row(4, 9), row(5, 20), row(6, 2));

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void logProbabilitiesAndGradientsAreThoseOfPaddedRows(Fixture fixture) throws IOException {
    Path checkpoint = fixture.copyTo(folder);
    for (Activations activations : Activations.values()) {
      try (Transformer model =
          CpuModels.load(checkpoint, ParameterNames.of(checkpoint), activations)) {
        TokenBatch packed = TokenBatch.packed(ROWS);
        TokenBatch padded = TokenBatch.of(ROWS);
        assertThat(packed.targets()).isEqualTo(padded.targets()).hasSize(20 + 5 + 13 + 1);

        float[] expected = model.logProbs(padded);
        assertThat(TensorValues.largestDifference(model.logProbs(packed), expected))
            .isLessThan(1e-5 * TensorValues.largest(expected));
        GradientValues.assertClose(
            GradientValues.ofSumOfSquares(model, packed),
            GradientValues.ofSumOfSquares(model, padded),
            1e-5);
        GradientValues.assertClose(
            GradientValues.ofMeanLossKnownBeforehand(model, packed),
            GradientValues.ofMeanLossKnownBeforehand(model, padded),
            1e-5);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "MISTRAL_WINDOW"})
  void noDocumentSeesAnother(Fixture fixture) throws IOException {
    try (Transformer model = CpuModels.load(fixture.copyTo(folder), Set.of(), Activations.KEPT)) {
      float[][] before =
          model.logits(TokenBatch.packed(List.of(row(1, 14), row(2, 7), row(3, 11))));
      float[][] after = model.logits(TokenBatch.packed(List.of(row(1, 14), row(9, 7), row(3, 11))));
      for (int position = 0; position < 14 + 7 + 11; position++) {
        boolean changed = position >= 14 && position < 14 + 7;
        assertThat(Arrays.equals(before[position], after[position]))
            .as("position %d", position)
            .isEqualTo(!changed);
      }
    }
  }

  /** Causal attention and positions from 0: a document is what it is alone. */
  @ParameterizedTest
  @EnumSource
  void aDocumentIsWhatItIsAlone(Fixture fixture) throws IOException {
    try (Transformer model = CpuModels.load(fixture.copyTo(folder), Set.of(), Activations.KEPT)) {
      float[][] packed = model.logits(TokenBatch.packed(List.of(row(1, 30), row(2, 13))));
      float[][] alone = model.logits(TokenBatch.of(List.of(row(2, 13))));
      for (int position = 0; position < 13; position++) {
        for (int word = 0; word < alone[position].length; word++) {
          assertThat(packed[30 + position][word]).isCloseTo(alone[position][word], within(1e-4f));
        }
      }
    }
  }

  @Test
  void documentsWithoutALossTokenGiveNothing() throws IOException {
    Path checkpoint = Fixture.LLAMA.copyTo(folder);
    try (Transformer model =
        CpuModels.load(checkpoint, Set.of("model.norm.weight"), Activations.KEPT)) {
      TokenBatch batch = TokenBatch.packed(List.of(withoutLoss(row(1, 5)), row(2, 1)));
      assertThat(model.logProbs(batch)).isEmpty();
      assertThat(GradientValues.ofSumOfSquares(model, batch)).isEmpty();
    }
  }

  @Test
  void noArrayOutlivesItsStep() throws IOException {
    Path checkpoint = Fixture.QWEN2.copyTo(folder);
    try (Transformer model =
        CpuModels.load(checkpoint, ParameterNames.of(checkpoint), Activations.KEPT)) {
      GradientValues.ofSumOfSquares(model, TokenBatch.packed(ROWS));
      int arrays = managed(model);
      GradientValues.ofSumOfSquares(model, TokenBatch.packed(ROWS));
      GradientValues.ofMeanLossKnownBeforehand(model, TokenBatch.packed(ROWS));
      assertThat(managed(model)).isEqualTo(arrays);
    }
  }

  private static int managed(Transformer model) {
    try (NDManager scratch = model.newScratch()) {
      return scratch.getParentManager().getManagedArrays().size();
    }
  }

  /** A row of random bytes, of which two in three carry loss. */
  private static Example row(int seed, int tokens) {
    int[] ids = new Random(seed).ints(tokens, 0, 256).toArray();
    int[] labels = ids.clone();
    for (int t = 2; t < tokens; t += 3) {
      labels[t] = -100;
    }
    return new Example(ids, labels);
  }

  private static Example withoutLoss(Example row) {
    int[] labels = new int[row.tokens()];
    Arrays.fill(labels, -100);
    return new Example(row.ids(), labels);
  }
}
