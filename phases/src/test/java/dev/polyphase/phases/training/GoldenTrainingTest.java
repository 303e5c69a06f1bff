package dev.polyphase.phases.training;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.model.GoldenNames;
import dev.polyphase.phases.objective.NextToken;
import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.prepared.TemporaryRows;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** AdamW steps against figures that are not ours, from rows on disk to the saved tensors. */
class GoldenTrainingTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void trajectoryAndFinalParameters(Fixture fixture) throws IOException {
    JsonNode golden = fixture.golden().path("adamw");
    RecordingListener heard = new RecordingListener();
    Path base = fixture.copyTo(folder);
    writeRows(fixture.golden());
    Set<String> trained = trainable(base, golden);

    PhaseResult result = train(golden, base, trained, 3, 1, heard);

    assertSeries(heard.series("loss"), golden.path("losses"), 1e-4);
    assertSeries(heard.series("grad_norm"), golden.path("grad_norms"), 1e-3);
    assertThat(result.steps()).isEqualTo(6);
    assertThat(result.trainedTensors()).isEqualTo(trained.size());
    assertThat(result.changedValues()).isBetween(1L, result.trainedValues());
    assertThat(heard.notes).isEmpty();
    Checkpoint before = Checkpoint.open(base);
    Checkpoint after = Checkpoint.open(folder.resolve("result"));
    for (TensorInfo tensor : after.tensors()) {
      byte[] old = TensorValues.bytes(before.find(tensor.name()).orElseThrow());
      if (!trained.contains(tensor.name())) {
        assertThat(TensorValues.bytes(tensor)).as(tensor.name()).isEqualTo(old);
        continue;
      }
      assertThat(TensorValues.bytes(tensor)).as(tensor.name()).isNotEqualTo(old);
      float[] values = TensorValues.floats(tensor);
      JsonNode first = golden.path("final_param_first8").path(tensor.name());
      double squares = 0;
      for (int i = 0; i < values.length; i++) {
        squares += (double) values[i] * values[i];
        if (i < 8) {
          assertThat((double) values[i])
              .as(tensor.name())
              .isCloseTo(first.path(i).doubleValue(), within(1e-5));
        }
      }
      double norm = golden.path("final_param_norm").path(tensor.name()).doubleValue();
      assertThat(Math.sqrt(squares)).isCloseTo(norm, within(1e-4 * norm));
    }
  }

  /** Steps of families, whose saved folder is laid out as the base is. */
  @ParameterizedTest
  @MethodSource("dev.polyphase.fixtures.FamilyModel#all")
  void trajectoryAndLayoutOfFamilies(FamilyModel model) throws IOException {
    JsonNode golden = model.golden().path("adamw");
    RecordingListener heard = new RecordingListener();
    Path base = model.copyTo(folder);
    writeRows(model.golden());
    Set<String> trained = trainable(base, golden);
    Set<String> stored = trained.stream().map(TensorNames::stored).collect(toSet());

    PhaseResult result = train(golden, base, trained, 3, 1, heard);

    assertSeries(heard.series("loss"), golden.path("losses"), 1e-4);
    assertSeries(heard.series("grad_norm"), golden.path("grad_norms"), 1e-3);
    assertThat(result.trainedTensors()).isEqualTo(trained.size());
    Path saved = folder.resolve("result");
    assertThat(FileNames.in(saved)).isEqualTo(FileNames.in(base));
    assertThat(saved.resolve("config.json")).hasSameTextualContentAs(base.resolve("config.json"));
    for (Path file : Checkpoint.open(base).weightFiles()) {
      assertThat(header(saved.resolve(file.getFileName()))).isEqualTo(header(file));
    }
    Checkpoint after = Checkpoint.open(saved);
    for (TensorInfo tensor : Checkpoint.open(base).tensors()) {
      byte[] old = TensorValues.bytes(tensor);
      byte[] fresh = TensorValues.bytes(after.find(tensor.name()).orElseThrow());
      // Of the few values of a sink in bfloat16 rounding may leave nothing of four steps.
      if (stored.contains(tensor.name()) && tensor.type() == ElementType.F32) {
        assertThat(fresh).as(tensor.name()).isNotEqualTo(old);
      } else if (!stored.contains(tensor.name())) {
        assertThat(fresh).as(tensor.name()).isEqualTo(old);
      }
    }
  }

  /** Rows of unequal numbers of loss tokens: only a mean over the whole step's tokens agrees. */
  @ParameterizedTest
  @CsvSource({"3, 1", "1, 3", "2, 2"})
  void theSameTrajectoryHoweverAStepIsCut(int microBatchSize, int accumulation) throws IOException {
    Fixture fixture = Fixture.LLAMA;
    JsonNode golden = fixture.golden().path("adamw");
    writeRows(fixture.golden());
    Path base = fixture.copyTo(folder);
    RecordingListener heard = new RecordingListener();

    train(golden, base, trainable(base, golden), microBatchSize, accumulation, heard);

    assertSeries(heard.series("loss"), golden.path("losses"), 1e-5);
  }

  private PhaseResult train(
      JsonNode golden,
      Path base,
      Set<String> trained,
      int microBatchSize,
      int accumulation,
      RecordingListener listener)
      throws IOException {
    Phases phases =
        new Phases(
            microBatchSize,
            accumulation,
            golden.path("losses").size(),
            golden.path("lr").doubleValue(),
            golden.path("weight_decay").doubleValue(),
            golden.path("max_grad_norm").doubleValue(),
            Dtype.FLOAT32);
    PhaseRequest request =
        new PhaseRequest(
            phases.pipeline(PhaseType.SFT),
            phases.phase(PhaseType.SFT),
            folder,
            new PhaseStart(base, trained),
            folder.resolve("result"));
    DjlPhaseTrainer trainer =
        new DjlPhaseTrainer(
            NextToken.source(TemporaryRows.reader()), device -> OptionalLong.empty());
    PreparedPhase prepared = trainer.prepare(request, ReadingListener.NOBODY);
    assertThat(prepared.plan().steps()).isEqualTo(golden.path("losses").size());
    return prepared.train(request.start(), listener);
  }

  private void writeRows(JsonNode golden) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < golden.path("input_ids").size(); i++) {
      rows.append("{\"input_ids\": ").append(golden.path("input_ids").path(i));
      rows.append(", \"labels\": ").append(golden.path("sft").path("labels").path(i));
      rows.append("}\n");
    }
    Files.writeString(folder.resolve("rows.jsonl"), rows);
  }

  private static Set<String> trainable(Path base, JsonNode golden) throws IOException {
    Set<String> tensors = new HashSet<>();
    golden.path("trainable").forEach(name -> tensors.add(name.asText()));
    return GoldenNames.parameters(base, tensors);
  }

  /** Names, order, types, shapes and places of a file's tensors, as they are written there. */
  private static String header(Path file) throws IOException {
    try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
      long length = Long.reverseBytes(in.readLong());
      return new String(in.readNBytes(Math.toIntExact(length)), StandardCharsets.UTF_8);
    }
  }

  private static void assertSeries(double[] found, JsonNode expected, double relative) {
    assertThat(found).hasSize(expected.size());
    for (int i = 0; i < found.length; i++) {
      double wanted = expected.path(i).doubleValue();
      assertThat(found[i]).as("step %d", i + 1).isCloseTo(wanted, within(relative * wanted));
    }
  }
}
