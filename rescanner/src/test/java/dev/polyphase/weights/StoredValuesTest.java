package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.HandMadeTensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredValuesTest {
  private static final List<Long> FOUR = List.of(4L);

  @TempDir Path folder;

  @Test
  void valuesOfSeveralTypesAreTheSame() throws IOException {
    byte[] doubles =
        ByteBuffer.allocate(32)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putDouble(1.5)
            .putDouble(-2)
            .putDouble(0)
            .putDouble(Double.NaN)
            .array();
    Checkpoint tensors =
        new HandMadeTensors()
            .bytes("f64", "F64", FOUR, doubles)
            .float32("f32", FOUR, 1.5f, -2, -0f, Float.NaN)
            .halves("bf16", "BF16", FOUR, bits(0x3fc0, 0xc000, 0, 0x7fc1))
            .halves("f16", "F16", FOUR, bits(0x3e00, 0xc000, 0x8000, 0x7e00))
            .float32("nearly", FOUR, 1.5f, -2.0000002f, 0, Float.NaN)
            .bytes("i64", "I64", FOUR, doubles)
            .bytes("same i64", "I64", FOUR, doubles)
            .writeTo(folder);

    for (String one : List.of("f64", "f32", "bf16", "f16")) {
      for (String other : List.of("f64", "f32", "bf16", "f16")) {
        assertThat(same(tensors, one, other)).as("%s and %s", one, other).isTrue();
      }
      assertThat(same(tensors, one, "nearly")).as(one).isFalse();
      assertThat(same(tensors, "i64", one)).as(one).isFalse();
    }
    assertThat(same(tensors, "i64", "same i64")).isTrue();
  }

  @Test
  void theLastOfManyValuesCounts() throws IOException {
    // A piece more than two, whose last value differs; beside it the first.
    int count = 2 * 262_144 + 1;
    float[] values = new float[count];
    float[] lastDiffers = new float[count];
    lastDiffers[count - 1] = 1e-38f;
    float[] firstDiffers = new float[count];
    firstDiffers[0] = -7;
    List<Long> shape = List.of((long) count);
    Checkpoint tensors =
        new HandMadeTensors()
            .float32("a", shape, values)
            .float32("b", shape, values)
            .float32("last", shape, lastDiffers)
            .float32("first", shape, firstDiffers)
            .halves("narrow", "BF16", shape, new short[count])
            .writeTo(folder);

    assertThat(same(tensors, "a", "b")).isTrue();
    assertThat(same(tensors, "a", "narrow")).isTrue();
    assertThat(same(tensors, "a", "last")).isFalse();
    assertThat(same(tensors, "narrow", "last")).isFalse();
    assertThat(same(tensors, "first", "b")).isFalse();
    assertThat(largest(tensors, "a")).isZero();
    assertThat(largest(tensors, "last")).isEqualTo(1e-38f);
    assertThat(largest(tensors, "first")).isEqualTo(7);
  }

  @Test
  void shapesCount() throws IOException {
    Checkpoint tensors =
        new HandMadeTensors()
            .float32("flat", FOUR, 1, 2, 3, 4)
            .float32("square", List.of(2L, 2L), 1, 2, 3, 4)
            .float32("none", List.of(0L))
            .writeTo(folder);

    assertThat(same(tensors, "flat", "square")).isFalse();
    assertThat(same(tensors, "none", "none")).isTrue();
    assertThat(largest(tensors, "none")).isZero();
  }

  @Test
  void whatIsNotFiniteIsTheLargest() throws IOException {
    Checkpoint tensors =
        new HandMadeTensors()
            .float32("nan", FOUR, 1, Float.NaN, Float.NEGATIVE_INFINITY, 2)
            .float32("infinite", FOUR, 1, Float.NEGATIVE_INFINITY, 2, 3)
            .halves("bf16", "BF16", FOUR, bits(0, 0x7f80, 0, 0))
            .halves("f16", "F16", FOUR, bits(0x7bff, 0, 0, 0))
            .writeTo(folder);

    assertThat(largest(tensors, "nan")).isNaN();
    assertThat(largest(tensors, "infinite")).isInfinite();
    assertThat(largest(tensors, "bf16")).isInfinite();
    assertThat(largest(tensors, "f16")).isEqualTo(65504);
  }

  private static short[] bits(int... values) {
    short[] bits = new short[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = (short) values[i];
    }
    return bits;
  }

  private static boolean same(Checkpoint tensors, String one, String other) throws IOException {
    return StoredValues.same(tensors.find(one).orElseThrow(), tensors.find(other).orElseThrow());
  }

  private static double largest(Checkpoint tensors, String name) throws IOException {
    return StoredValues.largest(tensors.find(name).orElseThrow());
  }
}
