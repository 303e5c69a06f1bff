package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VocabularyRowsTest {
  private static final String EMBEDDINGS = "model.embed_tokens.weight";
  private static final String NORM = "model.norm.weight";

  @TempDir Path temporary;

  @Test
  void oldRowsKeepTheirBytesAndNewOnesAreTheirMean() throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.LLAMA.copyTo(temporary));

    Checkpoint grown = grown(base, new VocabularyRows(288, 272, 275));

    for (TensorInfo old : base.tensors()) {
      TensorInfo now = grown.find(old.name()).orElseThrow();
      byte[] before = TensorValues.bytes(old);
      assertThat(Arrays.copyOf(TensorValues.bytes(now), before.length)).isEqualTo(before);
      boolean grows = old.name().equals(EMBEDDINGS) || old.name().equals(HeadTie.HEAD);
      assertThat(now.shape()).as(old.name()).isEqualTo(grows ? List.of(288L, 64L) : old.shape());
      if (grows) {
        float[] values = TensorValues.floats(now);
        float[] mean = exactMean(TensorValues.floats(old), 64);
        for (int row = 272; row < 288; row++) {
          assertThat(Arrays.copyOfRange(values, row * 64, (row + 1) * 64)).isEqualTo(mean);
        }
      }
    }
  }

  @Test
  void aTiedHeadIsStoredNoSecondTime() throws IOException {
    Checkpoint grown =
        grown(Checkpoint.open(Fixture.QWEN2.copyTo(temporary)), new VocabularyRows(273, 272, 273));
    assertThat(grown.find(EMBEDDINGS).orElseThrow().shape()).containsExactly(273L, 96L);
    assertThat(grown.contains(HeadTie.HEAD)).isFalse();
  }

  /** 1 + 2^-8 lies halfway between two values of bfloat16, of which 1 is the even one. */
  @Test
  void theMeanIsRoundedToTheTypeOfTheTensor() throws IOException {
    short one = 0x3f80;
    short next = 0x3f81;
    Checkpoint base =
        new HandMadeTensors()
            .halves(EMBEDDINGS, "BF16", List.of(2L, 2L), one, next, next, next)
            .halves(HeadTie.HEAD, "F16", List.of(2L, 2L), half(1), half(2), half(2), half(-4))
            .writeTo(temporary.resolve("base"));

    Checkpoint grown = grown(base, new VocabularyRows(3, 2, 3));

    assertThat(halves(grown.find(EMBEDDINGS).orElseThrow()))
        .containsExactly(one, next, next, next, one, next);
    assertThat(halves(grown.find(HeadTie.HEAD).orElseThrow()))
        .containsExactly(half(1), half(2), half(2), half(-4), half(1.5), half(-1));
  }

  @Test
  void aSpareRowKeepsItsValuesUnlessTheyAreZero() throws IOException {
    Checkpoint base =
        new HandMadeTensors()
            .float32(EMBEDDINGS, List.of(4L, 2L), 1, 2, 3, 4, 0, 0, 0, 0)
            .float32(HeadTie.HEAD, List.of(4L, 1L), 5, 6, 7, 0)
            .writeTo(temporary.resolve("base"));

    Map<String, NewTensor> changed = new VocabularyRows(4, 2, 3).newTensors(base);
    assertThat(changed).containsOnlyKeys(EMBEDDINGS);
    CheckpointWriter.write(base, temporary.resolve("new"), changed, Map.of());

    Checkpoint grown = Checkpoint.open(temporary.resolve("new"));
    // Row 2 is a new token's, row 3 still nobody's.
    assertThat(TensorValues.floats(grown.find(EMBEDDINGS).orElseThrow()))
        .containsExactly(1, 2, 3, 4, 1, 1.5f, 0, 0);
    assertThat(new VocabularyRows(4, 0, 2).newTensors(base)).isEmpty();
  }

  @Test
  void filesOfWeightsInWhichNothingChangesAreShared() throws IOException {
    Path folder = temporary.resolve("base");
    new HandMadeTensors()
        .float32(EMBEDDINGS, List.of(2L, 2L), 1, 2, 3, 4)
        .float32(NORM, List.of(2L), 5, 6)
        .writeTo(folder);
    Files.copy(folder.resolve("model.safetensors"), folder.resolve("a.safetensors"));
    Files.move(folder.resolve("model.safetensors"), folder.resolve("b.safetensors"));
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\": {\"%s\": \"a.safetensors\", \"%s\": \"b.safetensors\"}}"
            .formatted(EMBEDDINGS, NORM));
    Checkpoint base = Checkpoint.open(folder);
    Path target = temporary.resolve("new");

    CheckpointWriter.writeLinked(
        base, target, new VocabularyRows(3, 2, 3).newTensors(base), Map.of());

    Checkpoint grown = Checkpoint.open(target);
    assertThat(TensorValues.floats(grown.find(EMBEDDINGS).orElseThrow()))
        .containsExactly(1, 2, 3, 4, 2, 3);
    assertThat(TensorValues.floats(grown.find(NORM).orElseThrow())).containsExactly(5, 6);
    assertThat(Files.isSameFile(target.resolve("b.safetensors"), folder.resolve("b.safetensors")))
        .isTrue();
    assertThat(Files.isSameFile(target.resolve("a.safetensors"), folder.resolve("a.safetensors")))
        .isFalse();
    assertThat(Files.readString(target.resolve("model.safetensors.index.json")))
        .contains("\"total_size\": 32");
  }

  @Test
  void anOutlineHasTheShapesAndTheOtherFiles() throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.LLAMA.copyTo(temporary));
    Path outline = Files.createDirectory(temporary.resolve("outline"));

    CheckpointWriter.outline(
        base, outline, new VocabularyRows(300, 272, 275).newTensors(base), Map.of());

    Checkpoint outlined = Checkpoint.open(outline);
    assertThat(outlined.tensors()).hasSameSizeAs(base.tensors());
    assertThat(outlined.find(HeadTie.HEAD).orElseThrow().shape()).containsExactly(300L, 64L);
    assertThat(outline.resolve("tokenizer.json"))
        .hasSameBinaryContentAs(base.folder().resolve("tokenizer.json"));
  }

  @Test
  void whatHasNoMeanIsRefused() throws IOException {
    Checkpoint base =
        new HandMadeTensors()
            .bytes(EMBEDDINGS, "F8_E4M3", List.of(1L, 1L), (byte) 1)
            .writeTo(temporary);
    assertThatThrownBy(() -> new VocabularyRows(2, 1, 2).newTensors(base))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("is of type F8_E4M3, of whose values there is no mean");
  }

  private Checkpoint grown(Checkpoint base, VocabularyRows rows) throws IOException {
    CheckpointWriter.write(base, temporary.resolve("new"), rows.newTensors(base), Map.of());
    return Checkpoint.open(temporary.resolve("new"));
  }

  /** Without any rounding on the way. */
  private static float[] exactMean(float[] values, int columns) {
    float[] mean = new float[columns];
    int rows = values.length / columns;
    for (int column = 0; column < columns; column++) {
      BigDecimal sum = BigDecimal.ZERO;
      for (int row = 0; row < rows; row++) {
        sum = sum.add(new BigDecimal(values[row * columns + column]));
      }
      mean[column] = (float) (sum.doubleValue() / rows);
    }
    return mean;
  }

  private static short[] halves(TensorInfo tensor) throws IOException {
    byte[] bytes = TensorValues.bytes(tensor);
    short[] halves = new short[bytes.length / 2];
    for (int i = 0; i < halves.length; i++) {
      halves[i] = (short) ((bytes[2 * i] & 0xff) | bytes[2 * i + 1] << 8);
    }
    return halves;
  }

  /** Of a value with a few bits. */
  private static short half(double value) {
    int exponent = Math.getExponent(value);
    int fraction = (int) ((Math.abs(value) / Math.pow(2, exponent) - 1) * 1024);
    return (short) ((value < 0 ? 0x8000 : 0) | (exponent + 15) << 10 | fraction);
  }
}
