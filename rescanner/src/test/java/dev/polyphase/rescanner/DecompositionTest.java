package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every method against each other, and against Commons Math in float64. */
final class DecompositionTest {
  private static LibtorchSingularValues libtorch;

  @TempDir Path folder;

  @BeforeAll
  static void open() {
    libtorch = new LibtorchSingularValues("cpu");
  }

  @AfterAll
  static void close() {
    libtorch.close();
  }

  /** Kinds of matrices; each makes one from a seed. */
  enum Kind {
    RANDOM {
      @Override
      float[] make(Random random, int rows, int columns) {
        return gaussian(random, rows * columns);
      }
    },
    SIGNAL_IN_NOISE {
      @Override
      float[] make(Random random, int rows, int columns) {
        float[] matrix = LOW_RANK.make(random, rows, columns);
        for (int i = 0; i < matrix.length; i++) {
          matrix[i] += (float) (0.5 * random.nextGaussian());
        }
        return matrix;
      }
    },
    LOW_RANK {
      @Override
      float[] make(Random random, int rows, int columns) {
        float[] left = gaussian(random, rows * 3);
        float[] right = gaussian(random, columns * 3);
        float[] matrix = new float[rows * columns];
        for (int i = 0; i < matrix.length; i++) {
          for (int k = 0; k < 3; k++) {
            matrix[i] += left[i / columns * 3 + k] * right[i % columns * 3 + k];
          }
        }
        return matrix;
      }
    },
    ZERO {
      @Override
      float[] make(Random random, int rows, int columns) {
        return new float[rows * columns];
      }
    },
    CONSTANT {
      @Override
      float[] make(Random random, int rows, int columns) {
        float[] matrix = new float[rows * columns];
        Arrays.fill(matrix, random.nextFloat());
        return matrix;
      }
    },
    /** Columns whose lengths fall over ten decades. */
    ILL_CONDITIONED {
      @Override
      float[] make(Random random, int rows, int columns) {
        float[] matrix = gaussian(random, rows * columns);
        for (int i = 0; i < matrix.length; i++) {
          matrix[i] *= (float) Math.pow(10, -10.0 * (i % columns) / columns);
        }
        return matrix;
      }
    },
    ORTHONORMAL {
      @Override
      float[] make(Random random, int rows, int columns) {
        float[] matrix = new float[rows * columns];
        for (int i = 0; i < Math.min(rows, columns); i++) {
          matrix[i * columns + i] = 1;
        }
        return matrix;
      }
    };

    abstract float[] make(Random random, int rows, int columns);

    static float[] gaussian(Random random, int count) {
      float[] values = new float[count];
      for (int i = 0; i < count; i++) {
        values[i] = (float) random.nextGaussian();
      }
      return values;
    }
  }

  @ParameterizedTest
  @EnumSource
  void theChoiceDecidesAsThePublishedMethodDoes(Kind kind) throws IOException {
    assertDecidesAsPublished(libtorch, kind);
  }

  /** As a GPU does beside the CPU: all by Gram matrices that are certain. */
  @ParameterizedTest
  @EnumSource
  void aDeviceBesideTheCpuDecidesAsThePublishedMethodDoes(Kind kind) throws IOException {
    try (LibtorchSingularValues beside = LibtorchSingularValues.beside("cpu", libtorch)) {
      assertDecidesAsPublished(beside, kind);
    }
  }

  private void assertDecidesAsPublished(SingularValues chosenMethod, Kind kind) throws IOException {
    int[][] shapes = {{150, 40}, {40, 150}, {60, 60}, {2, 9}, {700, 30}};
    for (int seed = 0; seed < 4; seed++) {
      for (int[] shape : shapes) {
        TensorInfo tensor = tensor(kind.make(new Random(seed), shape[0], shape[1]), shape);

        Spectrum published = Spectrum.of(libtorch.bySvdvals(tensor), shape[0], shape[1]);
        Spectrum chosen = Spectrum.of(chosenMethod.of(tensor), shape[0], shape[1]);

        String which = kind + " " + Arrays.toString(shape) + " of seed " + seed;
        assertThat(chosen.above()).as(which).isEqualTo(published.above());
        if (Double.isInfinite(published.snr())) {
          assertThat(chosen.snr()).as(which).isEqualTo(published.snr());
        } else {
          assertThat(chosen.snr()).as(which).isCloseTo(published.snr(), withPercentage(0.1));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "ZERO")
  void allMethodsFindTheSameSingularValues(Kind kind) throws IOException {
    for (int[] shape : new int[][] {{90, 35}, {35, 90}, {40, 40}}) {
      TensorInfo tensor = tensor(kind.make(new Random(7), shape[0], shape[1]), shape);

      float[] inJava = new JavaSingularValues().of(tensor);
      float[] byGram = libtorch.byGram(tensor);
      float[] bySvdvals = libtorch.bySvdvals(tensor);

      assertThat(byGram).hasSameSizeAs(inJava);
      assertThat(bySvdvals).hasSameSizeAs(inJava);
      // Of what is much smaller than the largest, float32 leaves nothing and float64 half its
      // digits.
      assertThat(byGram).containsExactly(inJava, offset(2e-6f * inJava[0]));
      assertThat(bySvdvals).containsExactly(inJava, offset(5e-6f * inJava[0]));
    }
  }

  @Test
  void gramIsThatOfTheWholeMatrixWhereItIsCutIntoSlices() throws IOException {
    // Longer than a slice, and wider than a block, neither a multiple.
    int[] shape = {LibtorchSingularValues.SLICE_ELEMENTS / 140 + 61, 140};
    TensorInfo tall = tensor(Kind.RANDOM.make(new Random(1), shape[0], shape[1]), shape);

    float[] byGram = libtorch.byGram(tall);

    assertThat(byGram).containsExactly(libtorch.bySvdvals(tall), offset(1e-5f * byGram[0]));
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "33"})
  void vectorsAreOneRow(int length) throws IOException {
    float[] values = Kind.gaussian(new Random(length), length);
    double norm = 0;
    for (float value : values) {
      norm += (double) value * value;
    }
    TensorInfo tensor = tensor(values, length);

    assertThat(libtorch.of(tensor))
        .containsExactly(new float[] {(float) Math.sqrt(norm)}, offset(1e-5f));
  }

  @ParameterizedTest
  @CsvSource({"NaN, 60, 20", "Infinity, 20, 60", "-Infinity, 30, 30", "NaN, 1, 9"})
  void whatIsNotFiniteIsOneNotANumber(float wrong, int rows, int columns) throws IOException {
    float[] values = Kind.gaussian(new Random(3), rows * columns);
    values[values.length / 2] = wrong;

    assertThat(libtorch.of(tensor(values, rows, columns))).containsExactly(Float.NaN);
  }

  @ParameterizedTest
  @EnumSource(names = {"RANDOM", "SIGNAL_IN_NOISE"})
  void transposingKeepsAndScalingDividesTheRatio(Kind kind) throws IOException {
    for (int seed = 0; seed < 5; seed++) {
      float[] matrix = kind.make(new Random(seed), 120, 50);
      float[] transposed = new float[matrix.length];
      float[] scaled = new float[matrix.length];
      for (int i = 0; i < matrix.length; i++) {
        transposed[i % 50 * 120 + i / 50] = matrix[i];
        scaled[i] = 8 * matrix[i];
      }
      Spectrum plain = Spectrum.of(libtorch.of(tensor(matrix, 120, 50)), 120, 50);

      double ofTransposed = Spectrum.of(libtorch.of(tensor(transposed, 50, 120)), 50, 120).snr();
      double ofScaled = Spectrum.of(libtorch.of(tensor(scaled, 120, 50)), 120, 50).snr();

      double divisor = plain.below() == 0 ? 1 : 8;
      assertThat(ofTransposed).isCloseTo(plain.snr(), withPercentage(1e-3));
      assertThat(ofScaled).isCloseTo(plain.snr() / divisor, withPercentage(1e-3));
    }
  }

  private TensorInfo tensor(float[] values, int... shape) throws IOException {
    long[] dimensions = Arrays.stream(shape).asLongStream().toArray();
    return new HandMadeCheckpoint()
        .tensor("a.weight", values, dimensions)
        .writeTo(folder)
        .tensors()
        .get(0);
  }
}
