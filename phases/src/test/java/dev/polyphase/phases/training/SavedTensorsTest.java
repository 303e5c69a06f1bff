package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a phase saves: which tensors, in which dtype, and what of their updates is left. */
class SavedTensorsTest {
  private static final String UP = "model.layers.2.mlp.up_proj.weight";
  private static final String NORM = "model.norm.weight";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"float32, F32", "bfloat16, BF16"})
  void savesEveryTensorInTheDtypeAskedFor(String dtype, ElementType type) throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    SftRun run = new SftRun(folder, base, Set.of(UP, NORM)).withRows(12);

    run.train("result", new RecordingListener(), "save_dtype=" + dtype);

    Checkpoint before = Checkpoint.open(base);
    Checkpoint after = Checkpoint.open(folder.resolve("result"));
    assertThat(after.tensors()).hasSameSizeAs(before.tensors());
    for (TensorInfo tensor : after.tensors()) {
      assertThat(tensor.type()).as(tensor.name()).isEqualTo(type);
      if (!run.trained().contains(tensor.name())) {
        float[] exact = TensorValues.floats(before.find(tensor.name()).orElseThrow());
        for (int i = 0; i < exact.length && type == ElementType.BF16; i++) {
          exact[i] = Float.intBitsToFloat(HandMadeTensors.bfloat16(exact[i]) << 16);
        }
        assertThat(TensorValues.floats(tensor)).as(tensor.name()).isEqualTo(exact);
      }
    }
    assertThat(config("result").path("torch_dtype").textValue()).isEqualTo(dtype);
    assertThat(config("result").has("dtype")).isFalse();
    assertThat(FileNames.in(folder.resolve("result"))).isEqualTo(FileNames.in(base));
  }

  @Test
  void bfloat16BaseKeepsItsDtypeAndTheBytesOfWhatIsFrozen() throws IOException {
    SftRun run = bfloat16Llama(UP, NORM).withRows(30, 12);
    RecordingListener heard = new RecordingListener();

    PhaseResult result = run.train("result", heard);

    Checkpoint before = Checkpoint.open(run.base());
    Checkpoint after = Checkpoint.open(folder.resolve("result"));
    long changed = 0;
    long values = 0;
    for (TensorInfo tensor : after.tensors()) {
      TensorInfo old = before.find(tensor.name()).orElseThrow();
      assertThat(tensor.type()).isEqualTo(ElementType.BF16);
      if (run.trained().contains(tensor.name())) {
        float[] was = TensorValues.floats(old);
        float[] is = TensorValues.floats(tensor);
        values += is.length;
        for (int i = 0; i < is.length; i++) {
          changed += is[i] == was[i] ? 0 : 1;
        }
      } else {
        assertThat(TensorValues.bytes(tensor)).isEqualTo(TensorValues.bytes(old));
      }
    }
    // Two steps of 1e-3 on values of about 0.1, whose neighbours are 0.0005 away, and on norms of
    // about 1, whose neighbours are 0.008 away.
    assertThat(changed).isBetween(values / 2, values - 1);
    assertThat(result.changedValues()).isEqualTo(changed);
    assertThat(result.trainedValues()).isEqualTo(values).isEqualTo(160 * 64 + 64);
  }

  @Test
  void updatesTooSmallForBfloat16AreLostAndCounted() throws IOException {
    SftRun run = bfloat16Llama(NORM).withRows(30);
    RecordingListener heard = new RecordingListener();

    PhaseResult result = run.train("result", heard, "phases.one.learning_rate=1e-6");

    assertThat(result.changedValues()).isZero();

    // float32 keeps them.
    PhaseResult wide =
        run.train("wide", heard, "phases.one.learning_rate=1e-6", "save_dtype=float32");
    assertThat(wide.changedValues()).isEqualTo(64);
  }

  @Test
  void bfloat16ComputeTrainsFloat32Masters() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP, NORM).withRows(30, 12);
    RecordingListener exact = new RecordingListener();
    RecordingListener rounded = new RecordingListener();

    run.train("exact", exact);
    run.train("rounded", rounded, "dtype=bfloat16");

    for (int step = 0; step < 2; step++) {
      double loss = exact.series("loss")[step];
      assertThat(rounded.series("loss")[step])
          .isCloseTo(loss, within(0.01 * loss))
          .isNotEqualTo(loss);
    }
    // Masters: what is saved is no bfloat16 value.
    TensorInfo norm = Checkpoint.open(folder.resolve("rounded")).find(NORM).orElseThrow();
    assertThat(norm.type()).isEqualTo(ElementType.F32);
    float[] values = TensorValues.floats(norm);
    assertThat(Arrays.equals(values, roundedToBfloat16(values))).isFalse();
  }

  /** Some checkpoints hold the tied head beside the embeddings: both are one parameter. */
  @Test
  void tiedHeadThatIsStoredTwiceStaysTied() throws IOException {
    Path base = Fixture.QWEN2.copyTo(folder);
    Checkpoint single = Checkpoint.open(base);
    String embedding = "model.embed_tokens.weight";
    float[] head = TensorValues.floats(single.find(embedding).orElseThrow());
    HandMadeTensors.ofFloats(single, (name, values) -> {})
        .float32("lm_head.weight", List.of(272L, 96L), head)
        .writeTo(base);
    SftRun run = new SftRun(folder, base, Set.of("lm_head.weight")).withRows(12);

    PhaseResult result = run.train("result", new RecordingListener());

    assertThat(result.trainedValues()).isEqualTo(272 * 96);
    Checkpoint after = Checkpoint.open(folder.resolve("result"));
    byte[] trained = TensorValues.bytes(after.find(embedding).orElseThrow());
    assertThat(TensorValues.bytes(after.find("lm_head.weight").orElseThrow())).isEqualTo(trained);
    assertThat(trained)
        .isNotEqualTo(TensorValues.bytes(Checkpoint.open(base).find(embedding).orElseThrow()));
  }

  private SftRun bfloat16Llama(String... trained) throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    HandMadeTensors.inBfloat16(Checkpoint.open(base)).writeTo(base);
    return new SftRun(folder, base, Set.of(trained));
  }

  private static float[] roundedToBfloat16(float[] values) {
    float[] rounded = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      rounded[i] = Float.intBitsToFloat(HandMadeTensors.bfloat16(values[i]) << 16);
    }
    return rounded;
  }

  private JsonNode config(String result) throws IOException {
    return new ObjectMapper().readTree(folder.resolve(result).resolve("config.json").toFile());
  }
}
