package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.preparation.RequestedParts;
import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.RowRanges;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A whole phase that trains some rows of two tensors, from rows on disk to the saved bytes. */
class RowRangesTest {
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";
  private static final String DOWN = "model.layers.1.mlp.down_proj.weight";
  private static final String NORM = "model.norm.weight";

  @TempDir Path folder;

  @Test
  void frozenRowsKeepTheirBytesUnderDecay() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    Files.writeString(
        folder.resolve("rows.jsonl"), "{\"input_ids\":[1,2,3,4,5],\"labels\":[1,2,3,4,5]}\n");
    Phases phases = new Phases(1, 1, 3, 0.01, 0.5, 1, Dtype.FLOAT32);
    Map<String, RowRanges> rows =
        Map.of(
            HEAD, new RowRanges(List.of(new RowRanges.Range(3, 40), new RowRanges.Range(60, 61))),
            DOWN, new RowRanges(List.of(new RowRanges.Range(0, 2))));
    PhaseRequest request =
        new PhaseRequest(
            phases.pipeline(PhaseType.SFT),
            phases.phase(PhaseType.SFT),
            folder,
            new PhaseStart(base, Set.of(HEAD, DOWN, NORM), rows, Map.of(), Optional.empty()),
            folder.resolve("result"));

    PhaseResult result = SftRun.train(request, new RecordingListener());

    Checkpoint before = Checkpoint.open(base);
    Checkpoint after = Checkpoint.open(folder.resolve("result"));
    long trainedValues = 0;
    for (TensorInfo tensor : before.tensors()) {
      byte[] old = TensorValues.bytes(tensor);
      byte[] fresh = TensorValues.bytes(after.find(tensor.name()).orElseThrow());
      int rowCount = Math.toIntExact(tensor.shape().get(0));
      int rowBytes = old.length / rowCount;
      for (int row = 0; row < rowCount; row++) {
        boolean trained = trains(tensor.name(), row);
        trainedValues += trained ? tensor.elements() / rowCount : 0;
        assertThat(
                Arrays.equals(
                    Arrays.copyOfRange(old, row * rowBytes, (row + 1) * rowBytes),
                    Arrays.copyOfRange(fresh, row * rowBytes, (row + 1) * rowBytes)))
            .as("%s row %d", tensor.name(), row)
            .isEqualTo(!trained);
      }
    }
    assertThat(result.trainedValues()).isEqualTo(trainedValues);
    assertThat(result.changedValues()).isBetween(1L, trainedValues);
  }

  /** Rows of one expert's matrix, whether it has a tensor of its own or lies among all. */
  @ParameterizedTest
  @CsvSource({
    "qwen3-moe, model.layers.2.mlp.experts.3.down_proj.weight, 0, 0",
    "mixtral, model.layers.2.block_sparse_moe.experts.1.w1.weight, 0, 0",
    "gpt-oss, model.layers.2.mlp.experts.down_proj[2], 2, 160"
  })
  void frozenRowsOfExpertsKeepTheirBytesUnderDecay(
      String model, String expert, int slice, int rowsOfSlice) throws IOException {
    Path base = FamilyModel.of(model).copyTo(folder);
    Files.writeString(
        folder.resolve("rows.jsonl"), "{\"input_ids\":[1,2,3,4,5],\"labels\":[1,2,3,4,5]}\n");
    Phases phases = new Phases(1, 1, 3, 0.01, 0.5, 1, Dtype.FLOAT32);
    PhaseRequest request =
        new PhaseRequest(
            phases.pipeline(PhaseType.SFT),
            phases.phase(PhaseType.SFT),
            folder,
            new PhaseStart(
                base,
                Set.of(expert),
                Map.of(expert, new RowRanges(List.of(new RowRanges.Range(3, 40)))),
                Map.of(),
                Optional.empty()),
            folder.resolve("result"));

    PhaseResult result = SftRun.train(request, new RecordingListener());

    Checkpoint after = Checkpoint.open(folder.resolve("result"));
    for (TensorInfo tensor : Checkpoint.open(base).tensors()) {
      byte[] old = TensorValues.bytes(tensor);
      byte[] fresh = TensorValues.bytes(after.find(tensor.name()).orElseThrow());
      if (!tensor.name().equals(TensorNames.stored(expert))) {
        assertThat(fresh).as(tensor.name()).isEqualTo(old);
        continue;
      }
      int columns = Math.toIntExact(tensor.shape().get(tensor.shape().size() - 1));
      int rowBytes = columns * Float.BYTES;
      int first = slice * rowsOfSlice + 3;
      assertThat(result.trainedValues()).isEqualTo(37L * columns);
      for (int row = 0; row < old.length / rowBytes; row++) {
        // Under decay every row moves, whether a token chose the expert or not.
        boolean trained = row >= first && row < first + 37;
        assertThat(
                Arrays.equals(
                    Arrays.copyOfRange(old, row * rowBytes, (row + 1) * rowBytes),
                    Arrays.copyOfRange(fresh, row * rowBytes, (row + 1) * rowBytes)))
            .as("row %d", row)
            .isEqualTo(!trained);
      }
    }
  }

  /** The head is the embedding, and each of its names may name rows of it. */
  @Test
  void rowsOfBothNamesOfATiedHeadAreTrained() throws IOException {
    Path base = Fixture.QWEN2.copyTo(folder);
    ModelLayout layout = new ModelLayout(ConfigReader.read(Checkpoint.open(base)));
    RowRanges low = rows(0, 4);
    RowRanges high = rows(2, 9);

    assertThat(parts(base, layout, Map.of(EMBEDDING, low, HEAD, high)).rows())
        .isEqualTo(Map.of(EMBEDDING, rows(0, 9)));
    assertThat(parts(base, layout, Map.of(EMBEDDING, high, HEAD, low)).rows())
        .isEqualTo(Map.of(EMBEDDING, rows(0, 9)));
  }

  private Trainable parts(Path base, ModelLayout layout, Map<String, RowRanges> rows) {
    Phases phases = new Phases(1, 1, 3, 0.01, 0.5, 1, Dtype.FLOAT32);
    PhaseRequest request =
        new PhaseRequest(
            phases.pipeline(PhaseType.SFT),
            phases.phase(PhaseType.SFT),
            folder,
            new PhaseStart(base, Set.of(EMBEDDING, HEAD), rows, Map.of(), Optional.empty()),
            folder.resolve("result"));
    return RequestedParts.of(request, layout);
  }

  private static RowRanges rows(long start, long end) {
    return new RowRanges(List.of(new RowRanges.Range(start, end)));
  }

  private static boolean trains(String tensor, int row) {
    return switch (tensor) {
      case HEAD -> (row >= 3 && row < 40) || row == 60;
      case DOWN -> row < 2;
      case NORM -> true;
      default -> false;
    };
  }
}
