package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.data.Example;
import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.batches.TokenBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each kind of block computes does not depend on how its passes are made. */
class FamilyPassesTest {
  /**
   * Longer and shorter than the windows, and than the lengths that frequencies change at (16 of
   * llama-dynamic, 32 of phi3-longrope); a row of one token, which has no target; one without loss.
   */
  private static final List<Example> ROWS =
      List.of(row(1, 41), row(2, 1), withoutLoss(row(3, 12)), row(4, 9), row(5, 20), row(6, 2));

  @TempDir Path folder;

  @ParameterizedTest
  @MethodSource("dev.polyphase.fixtures.FamilyModel#all")
  void recomputedAndKeptGradientsAgree(FamilyModel model) throws IOException {
    Path checkpoint = model.copyTo(folder);
    TokenBatch batch = TokenBatch.of(ROWS);
    Map<String, float[]> kept = gradients(checkpoint, batch, Activations.KEPT);
    assertThat(kept.keySet()).isEqualTo(ParameterNames.of(checkpoint));
    assertClose(gradients(checkpoint, batch, Activations.RECOMPUTED), kept, 1e-6);
  }

  @ParameterizedTest
  @MethodSource("dev.polyphase.fixtures.FamilyModel#all")
  void packedAndPaddedRowsAgree(FamilyModel model) throws IOException {
    Path checkpoint = model.copyTo(folder);
    TokenBatch packed = TokenBatch.packed(ROWS);
    TokenBatch padded = TokenBatch.of(ROWS);
    for (Activations activations : Activations.values()) {
      try (Transformer loaded = load(checkpoint, ParameterNames.of(checkpoint), activations)) {
        float[] expected = loaded.logProbs(padded);
        assertThat(TensorValues.largestDifference(loaded.logProbs(packed), expected))
            .isLessThan(1e-5 * TensorValues.largest(expected));
        assertClose(
            GradientValues.ofSumOfSquares(loaded, packed),
            GradientValues.ofSumOfSquares(loaded, padded),
            2e-5);
        assertClose(
            GradientValues.ofMeanLossKnownBeforehand(loaded, packed),
            GradientValues.ofMeanLossKnownBeforehand(loaded, padded),
            2e-5);
      }
    }
  }

  /** Of any length, and whatever lies beside it. */
  @ParameterizedTest
  @MethodSource("dev.polyphase.fixtures.FamilyModel#all")
  void aDocumentIsWhatItIsAlone(FamilyModel model) throws IOException {
    try (Transformer loaded = load(model.copyTo(folder), Set.of(), Activations.KEPT)) {
      List<Example> rows = List.of(row(1, 41), row(2, 13), row(3, 29));
      float[][] packed = loaded.logits(TokenBatch.packed(rows));
      TokenBatch batch = TokenBatch.of(rows);
      float[][] padded = loaded.logits(batch);
      int start = 0;
      for (int i = 0; i < rows.size(); i++) {
        float[][] alone = loaded.logits(TokenBatch.of(List.of(rows.get(i))));
        for (int position = 0; position < rows.get(i).tokens(); position++) {
          float[] expected = alone[position];
          double rounding = 1e-5 * Math.max(1, TensorValues.largest(expected));
          assertThat(TensorValues.largestDifference(packed[start + position], expected))
              .as("packed, row %d, position %d", i, position)
              .isLessThan(rounding);
          assertThat(TensorValues.largestDifference(padded[i * batch.seq() + position], expected))
              .as("padded, row %d, position %d", i, position)
              .isLessThan(rounding);
        }
        start += rows.get(i).tokens();
      }
    }
  }

  /** What is trained decides what has a gradient, not what the gradient is. */
  @ParameterizedTest
  @ValueSource(strings = {"qwen3-moe", "mixtral", "gpt-oss"})
  void someExpertsAloneHaveTheGradientsThatTheyHaveAmongAll(String name) throws IOException {
    Path checkpoint = FamilyModel.of(name).copyTo(folder);
    TokenBatch batch = TokenBatch.of(ROWS);
    Map<String, float[]> all = gradients(checkpoint, batch, Activations.KEPT);
    Set<String> some =
        all.keySet().stream()
            .filter(parameter -> parameter.contains("layers.2."))
            .filter(parameter -> parameter.matches(".*experts(\\.1\\.|\\..*\\[1]$).*"))
            .collect(Collectors.toSet());
    assertThat(some).hasSizeGreaterThan(1);
    Map<String, float[]> expected = new HashMap<>(all);
    expected.keySet().retainAll(some);
    for (Activations activations : Activations.values()) {
      try (Transformer loaded = load(checkpoint, some, activations)) {
        Map<String, float[]> found = GradientValues.ofMeanLoss(loaded, batch);
        assertThat(found.keySet()).isEqualTo(some);
        assertClose(found, expected, 1e-6);
      }
    }
  }

  /** An expert that no token chose, or a bias that softmax cancels, may have a gradient of 0. */
  private static void assertClose(
      Map<String, float[]> found, Map<String, float[]> expected, double tolerance) {
    assertThat(found.keySet()).isEqualTo(expected.keySet()).isNotEmpty();
    double overall = expected.values().stream().mapToDouble(TensorValues::largest).max().orElse(0);
    assertThat(overall).isPositive();
    expected.forEach(
        (name, wanted) ->
            assertThat(TensorValues.largestDifference(found.get(name), wanted))
                .as(name)
                .isCloseTo(0, within(tolerance * TensorValues.largest(wanted) + 1e-7 * overall)));
  }

  private static Map<String, float[]> gradients(
      Path checkpoint, TokenBatch batch, Activations activations) throws IOException {
    try (Transformer loaded = load(checkpoint, ParameterNames.of(checkpoint), activations)) {
      return GradientValues.ofMeanLoss(loaded, batch);
    }
  }

  private static Transformer load(Path checkpoint, Set<String> trained, Activations activations)
      throws IOException {
    return CpuModels.load(checkpoint, trained, activations);
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
