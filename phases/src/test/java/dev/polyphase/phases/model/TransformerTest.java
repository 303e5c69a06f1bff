package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import dev.polyphase.data.Example;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What must hold whatever the weights are. */
class TransformerTest {
  private static final int NO_LOSS = -100;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void paddingOnTheRightChangesNothing(Fixture fixture) throws IOException {
    List<Example> rows =
        List.of(
            RandomRows.whole(1, 5),
            RandomRows.whole(2, 31),
            RandomRows.whole(3, 2),
            RandomRows.whole(4, 18),
            RandomRows.whole(5, 1));
    try (Transformer model = CpuModels.load(fixture.copyTo(folder), Set.of(), Activations.KEPT)) {
      TokenBatch together = TokenBatch.of(rows);
      float[] padded = model.logProbs(together);
      int[] rowOfTarget = together.targetDocuments();
      for (int row = 0; row < rows.size(); row++) {
        int wanted = row;
        int[] mine =
            IntStream.range(0, padded.length).filter(i -> rowOfTarget[i] == wanted).toArray();
        float[] alone = model.logProbs(TokenBatch.of(List.of(rows.get(row))));
        assertThat(alone).hasSameSizeAs(mine);
        for (int i = 0; i < alone.length; i++) {
          assertThat(padded[mine[i]]).as("row %d", row).isCloseTo(alone[i], within(1e-5f));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "MISTRAL_WINDOW"})
  void noPositionSeesALaterOne(Fixture fixture) throws IOException {
    try (Transformer model = CpuModels.load(fixture.copyTo(folder), Set.of(), Activations.KEPT)) {
      float[][] before = model.logits(TokenBatch.of(List.of(RandomRows.whole(1, 24))));
      float[][] after =
          model.logits(TokenBatch.of(List.of(changedAt(11, RandomRows.whole(1, 24)))));
      for (int position = 0; position < 24; position++) {
        assertThat(Arrays.equals(before[position], after[position]))
            .as("position %d", position)
            .isEqualTo(position < 11);
      }
    }
  }

  /** One block, whose window of 9 is then all that a position sees. */
  @ParameterizedTest
  @ValueSource(strings = {"9", "null"})
  void windowLimitsWhatAPositionSees(String window) throws IOException {
    try (Transformer model = CpuModels.load(oneMistralBlock(window), Set.of(), Activations.KEPT)) {
      float[][] before = model.logits(TokenBatch.of(List.of(RandomRows.whole(1, 30))));
      float[][] after =
          model.logits(TokenBatch.of(List.of(changedAt(10, RandomRows.whole(1, 30)))));
      int end = window.equals("null") ? 30 : 10 + 9;
      for (int position = 0; position < 30; position++) {
        assertThat(Arrays.equals(before[position], after[position]))
            .as("position %d", position)
            .isEqualTo(position < 10 || position >= end);
      }
    }
  }

  /** Logits are made for 256 tokens at a time; the parts here are smaller than that. */
  @ParameterizedTest
  @ValueSource(ints = {256, 257, 600})
  void manyLossTokensAreTheSumOfFew(int lossTokens) throws IOException {
    Path checkpoint = Fixture.QWEN2.copyTo(folder);
    Example whole = RandomRows.whole(6, lossTokens + 1);
    Set<String> trained =
        Set.of(
            "model.embed_tokens.weight", "model.norm.weight", "model.layers.3.mlp.up_proj.weight");
    try (Transformer model = CpuModels.load(checkpoint, trained, Activations.KEPT)) {
      float[] inOne = model.logProbs(TokenBatch.of(List.of(whole)));
      Map<String, float[]> gradients =
          GradientValues.ofSumOfSquares(model, TokenBatch.of(List.of(whole)));

      List<Example> parts =
          IntStream.iterate(1, start -> start <= lossTokens, start -> start + 100)
              .mapToObj(start -> onlyLossAt(whole, start, start + 100))
              .toList();
      assertThat(parts).hasSizeGreaterThan(2);
      assertThat(inOne).hasSize(lossTokens);
      int done = 0;
      for (Example part : parts) {
        for (float logProb : model.logProbs(TokenBatch.of(List.of(part)))) {
          assertThat(inOne[done++]).isCloseTo(logProb, within(1e-5f));
        }
      }
      assertThat(done).isEqualTo(lossTokens);
      Map<String, float[]> summed =
          GradientValues.ofSumOfSquares(
              model,
              parts.stream().map(part -> TokenBatch.of(List.of(part))).toArray(TokenBatch[]::new));
      assertThat(gradients.keySet()).isEqualTo(trained);
      GradientValues.assertClose(gradients, summed, 1e-5);
    }
  }

  @Test
  void batchWithoutALossTokenGivesNothing() throws IOException {
    Path checkpoint = Fixture.LLAMA.copyTo(folder);
    Example noLoss = onlyLossAt(RandomRows.whole(1, 12), 0, 0);
    try (Transformer model =
            CpuModels.load(
                checkpoint, Set.of("model.norm.weight", "lm_head.weight"), Activations.KEPT);
        NDManager step = model.newScratch()) {
      TokenBatch batch = TokenBatch.of(List.of(noLoss, noLoss));
      assertThat(model.logProbs(batch)).isEmpty();

      Gradients gradients = new Gradients(step);
      HostLoss.differentiate(
          model,
          batch,
          logProbs -> {
            throw new IllegalStateException("there is nothing to differentiate");
          },
          gradients);
      assertThat(gradients.byName()).isEmpty();
    }
  }

  private Path oneMistralBlock(String window) throws IOException {
    Path model = Fixture.MISTRAL_WINDOW.copyTo(folder);
    Path config = model.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 1")
            .replace("\"sliding_window\": 9", "\"sliding_window\": " + window));
    HandMadeTensors tensors = new HandMadeTensors();
    for (TensorInfo tensor : Checkpoint.open(model).tensors()) {
      if (!tensor.name().matches("model\\.layers\\.[12]\\..*")) {
        tensors.float32(tensor.name(), tensor.shape(), TensorValues.floats(tensor));
      }
    }
    tensors.writeTo(model);
    return model;
  }

  private static Example changedAt(int position, Example row) {
    int[] ids = row.ids().clone();
    ids[position] = (ids[position] + 100) % 256;
    return new Example(ids, ids);
  }

  private static Example onlyLossAt(Example row, int start, int end) {
    int[] labels = row.labels().clone();
    for (int t = 0; t < labels.length; t++) {
      if (t < start || t >= end) {
        labels[t] = NO_LOSS;
      }
    }
    return new Example(row.ids(), labels);
  }
}
