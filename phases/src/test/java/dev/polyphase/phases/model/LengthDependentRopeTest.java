package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.data.Example;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.Document;
import dev.polyphase.phases.batches.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows whose turns depend on how long they are: in whatever batch, each is what it is alone. */
class LengthDependentRopeTest {
  private static final String DYNAMIC =
      "{\"max_position_embeddings\": 12, \"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 4}}";
  private static final String LONG_ROPE =
      """
      {"max_position_embeddings": 48, "rope_scaling": {"type": "longrope",
        "original_max_position_embeddings": 12,
        "short_factor": [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7],
        "long_factor": [1, 2, 3, 4, 5, 6, 7, 8]}}
      """;

  /** Of 12 tokens, fewer and more. */
  private static final List<Example> ROWS =
      List.of(
          RandomRows.whole(1, 31),
          RandomRows.whole(2, 12),
          RandomRows.whole(3, 5),
          RandomRows.whole(4, 13),
          RandomRows.whole(5, 20));

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {DYNAMIC, LONG_ROPE})
  void packedOrPaddedEachRowIsWhatItIsAlone(String keys) throws IOException {
    try (Transformer model = CpuModels.load(checkpoint(keys), Set.of(), Activations.KEPT)) {
      float[][] padded = model.logits(TokenBatch.of(ROWS));
      float[][] packed = model.logits(TokenBatch.packed(ROWS));
      int start = 0;
      for (int row = 0; row < ROWS.size(); row++) {
        float[][] alone = model.logits(TokenBatch.of(List.of(ROWS.get(row))));
        for (int position = 0; position < alone.length; position++) {
          for (int word = 0; word < alone[position].length; word++) {
            float expected = alone[position][word];
            assertThat(padded[row * 31 + position][word]).isCloseTo(expected, within(1e-4f));
            assertThat(packed[start + position][word]).isCloseTo(expected, within(1e-4f));
          }
        }
        start += alone.length;
      }
    }
  }

  /** The test above would pass of a model that takes no notice. */
  @ParameterizedTest
  @ValueSource(strings = {DYNAMIC, LONG_ROPE})
  void aRowsFirstTokensAreOthersInALongerRow(String keys) throws IOException {
    Example whole = ROWS.get(0);
    try (Transformer model = CpuModels.load(checkpoint(keys), Set.of(), Activations.KEPT)) {
      float[] longer = model.logits(TokenBatch.of(List.of(whole)))[11];
      float[] shorter = model.logits(TokenBatch.of(List.of(whole.part(0, 12))))[11];
      assertThat(largestDifference(longer, shorter)).isGreaterThan(1e-3);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {DYNAMIC, LONG_ROPE})
  void gradientsAreThoseOfPaddedRows(String keys) throws IOException {
    Path checkpoint = checkpoint(keys);
    for (Activations activations : Activations.values()) {
      try (Transformer model =
          CpuModels.load(checkpoint, ParameterNames.of(checkpoint), activations)) {
        GradientValues.assertClose(
            GradientValues.ofSumOfSquares(model, TokenBatch.packed(ROWS)),
            GradientValues.ofSumOfSquares(model, TokenBatch.of(ROWS)),
            1e-5);
      }
    }
  }

  /** A prefix is turned once, and would have to turn by the length of each that follows it. */
  @Test
  void noPrefixIsShared() throws IOException {
    List<Document> sharing = List.of(Document.of(ROWS.get(0)), new Document(ROWS.get(2), 0, 7));
    TokenBatch batch = TokenBatch.packedDocuments(sharing, new int[] {36});
    try (Transformer model = CpuModels.load(checkpoint(DYNAMIC), Set.of(), Activations.KEPT)) {
      assertThatThrownBy(() -> model.logits(batch))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(
              "documents share a prefix, and positions depend on their lengths");
    }
  }

  /** A dynamic scaling has another table for each length. */
  @Test
  void tablesDoNotPileUp() {
    Rope.Rotary rope = new Rope.Rotary(8, 100, new RopeScaling.Dynamic(4, 12));
    try (NDManager manager = Libtorch.newManager("cpu");
        Uploads uploads = new Uploads(manager)) {
      Positions positions = new Positions(manager, uploads, List.of(rope));
      int before = manager.getManagedArrays().size();
      for (int tokens = 1; tokens < 100; tokens++) {
        try (NDManager scratch = manager.newSubManager()) {
          positions.of(TokenBatch.of(List.of(RandomRows.whole(1, tokens))), scratch);
        }
      }
      assertThat(manager.getManagedArrays()).hasSize(before + 2 * 8);
    }
  }

  private static double largestDifference(float[] a, float[] b) {
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }

  private Path checkpoint(String keys) throws IOException {
    Path checkpoint = Fixture.LLAMA.copyTo(folder);
    Path config = checkpoint.resolve("config.json");
    ObjectMapper json = new ObjectMapper();
    ObjectNode root = (ObjectNode) json.readTree(config.toFile());
    root.remove("rope_parameters");
    root.setAll((ObjectNode) json.readTree(keys));
    Files.writeString(config, root.toString());
    return checkpoint;
  }
}
