package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.SparseTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LibtorchSingularValuesTest {
  @TempDir Path folder;
  private LibtorchSingularValues singularValues;

  @BeforeEach
  void open() {
    singularValues = new LibtorchSingularValues("cpu");
  }

  @AfterEach
  void close() {
    singularValues.close();
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "5, 40", "40, 5", "33, 33", "64, 17"})
  void agreesWithAnotherLibrary(int rows, int columns) throws IOException {
    float[] values = gaussian(rows * columns);
    TensorInfo tensor = float32(List.of((long) rows, (long) columns), values);

    assertClose(singularValues.of(tensor), JavaSingularValues.of(matrix(values, columns)));
  }

  @Test
  void knowsClosedForms() throws IOException {
    // A rotation times diag(3, 2) has the singular values 3 and 2.
    float[] turned = {3 * 0.6f, 2 * -0.8f, 3 * 0.8f, 2 * 0.6f};
    assertClose(singularValues.of(float32(List.of(2L, 2L), turned)), 3, 2);
    assertThat(singularValues.of(float32(List.of(2L, 3L), new float[6]))).containsExactly(0, 0);
  }

  /** Told of the next or not, in whatever order: one answer, to the bit. */
  @Test
  void whatIsBegunAheadIsTheSame() throws IOException {
    List<TensorInfo> tensors = new ArrayList<>();
    Random random = new Random(6);
    for (int i = 0; i < 30; i++) {
      // Oblong ones, squares of either method, a vector.
      long rows = i % 10 == 0 ? 1 : 20 + random.nextInt(100);
      long columns = i % 3 == 0 ? rows : 20 + random.nextInt(300);
      Path own = Files.createDirectory(folder.resolve("m" + i));
      tensors.add(
          new HandMadeCheckpoint()
              .tensor("a.weight", gaussian((int) (rows * columns)), rows, columns)
              .writeTo(own)
              .tensors()
              .get(0));
    }
    List<float[]> alone = new ArrayList<>();
    for (TensorInfo tensor : tensors) {
      alone.add(singularValues.of(tensor));
    }

    singularValues.expect(tensors.get(3));
    for (int i = 0; i < tensors.size(); i++) {
      singularValues.expect(tensors.get((i + 1) % tensors.size()));
      assertThat(singularValues.of(tensors.get(i))).containsExactly(alone.get(i));
    }
  }

  @Test
  void closesWhileItComputes() throws IOException {
    TensorInfo large = float32(List.of(1500L, 600L), gaussian(1500 * 600));
    try (LibtorchSingularValues closed = new LibtorchSingularValues("cpu")) {
      closed.expect(large);
    }

    assertThat(singularValues.of(large)).hasSize(600);
  }

  @Test
  void aFileThatIsGoneIsAFailureWithItsPath() throws IOException {
    TensorInfo tensor = float32(List.of(30L, 20L), gaussian(600));
    Files.delete(tensor.file());
    singularValues.expect(tensor);

    assertThatThrownBy(() -> singularValues.of(tensor))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(tensor.file().toString());
  }

  @Test
  void vectorIsAMatrixOfOneRow() throws IOException {
    assertClose(singularValues.of(float32(List.of(3L), 2, -3, 6)), 7);
  }

  @ParameterizedTest
  @ValueSource(strings = {"BF16", "F16"})
  void weightsOfTwoBytesAreWidened(String type) throws IOException {
    // 1, 2, -4 and 0.5 in either format.
    short[] bits =
        type.equals("BF16")
            ? new short[] {0x3f80, 0x4000, (short) 0xc080, 0x3f00}
            : new short[] {0x3c00, 0x4000, (short) 0xc400, 0x3800};
    TensorInfo tensor =
        new HandMadeTensors()
            .halves("w.weight", type, List.of(2L, 2L), bits)
            .writeTo(folder)
            .tensors()
            .get(0);

    float[] values = {1, 2, -4, 0.5f};
    assertClose(singularValues.of(tensor), JavaSingularValues.of(matrix(values, 2)));
  }

  @Test
  void bfloat16MatrixOfUsualSize() throws IOException {
    Checkpoint exact =
        new HandMadeTensors()
            .float32("w.weight", List.of(48L, 96L), gaussian(48 * 96))
            .writeTo(folder.resolve("exact"));
    TensorInfo rounded =
        HandMadeTensors.inBfloat16(exact).writeTo(folder.resolve("rounded")).tensors().get(0);

    float[] values = TensorValues.floats(rounded);
    assertClose(singularValues.of(rounded), JavaSingularValues.of(matrix(values, 96)));
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void whatIsNotFiniteHasNoRatio(float value) throws IOException {
    float[] values = gaussian(12);
    values[7] = value;
    Checkpoint checkpoint =
        new HandMadeTensors()
            .float32("a.weight", List.of(3L, 4L), values)
            .float32("b.weight", List.of(4L), 1, 2, value, 3)
            .float32("c.weight", List.of(3L, 4L), gaussian(12))
            .writeTo(folder);

    Scan scan =
        Rescanner.scan(
            checkpoint, List.of("a", "b", "c"), singularValues, (module, done, total) -> {});

    assertThat(singularValues.of(checkpoint.tensors().get(0))).containsExactly(Float.NaN);
    assertThat(scan.snrs().get(0).snr()).isNaN();
    assertThat(scan.snrs().get(1).snr()).isNaN();
    assertThat(scan.snrs().get(2).snr()).isPositive();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void scansMatricesOfAFileThatNoMemoryHolds() throws IOException {
    SparseTensors large = SparseTensors.largerThanMemory(folder);

    Scan scan =
        Rescanner.scan(
            Checkpoint.open(folder),
            List.of("a", "z"),
            singularValues,
            (module, done, total) -> {});

    assertThat(scan.snrs()).hasSize(2);
    float[] expected = JavaSingularValues.of(matrix(SparseTensors.values(), 3));
    assertClose(singularValues.of(large.first()), expected);
    assertClose(singularValues.of(large.last()), expected);
  }

  private TensorInfo float32(List<Long> shape, float... values) throws IOException {
    return new HandMadeTensors()
        .float32("w.weight", shape, values)
        .writeTo(folder)
        .tensors()
        .get(0);
  }

  private static float[] gaussian(int count) {
    Random random = new Random(count);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static RealMatrix matrix(float[] values, int columns) {
    RealMatrix matrix = new Array2DRowRealMatrix(values.length / columns, columns);
    for (int i = 0; i < values.length; i++) {
      matrix.setEntry(i / columns, i % columns, values[i]);
    }
    return matrix;
  }

  private static void assertClose(float[] found, float... expected) {
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(found[i]).as("value %d", i).isCloseTo(expected[i], within(1e-5f * expected[0]));
    }
  }
}
