package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.weights.RowRanges;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MasterTest {
  private static final int VALUES = 4096;

  @Test
  void halvesTellAValueToTheBitAndTheUpperOneIsTheNearest() {
    float[] values = values();
    try (NDManager manager = Libtorch.newManager("cpu");
        Masters masters = new Masters(manager)) {
      Master.Halves halves = masters.halves(manager.create(values), manager);
      float[] found = halves.values(manager).toFloatArray();
      float[] upper = halves.upper().toType(DataType.FLOAT32, true).toFloatArray();
      for (int i = 0; i < values.length; i++) {
        int bits = Float.floatToRawIntBits(values[i]);
        assertThat(Float.floatToRawIntBits(found[i])).as("%08x", bits).isEqualTo(bits);
        // One spacing of 16 bits up or down is no nearer.
        int nearest = Float.floatToRawIntBits(upper[i]);
        assertThat(nearest & 0xffff).isZero();
        assertThat(Math.abs((long) bits - nearest)).isLessThanOrEqualTo(0x8000);
      }
    }
  }

  @Test
  void whatIsSetIsThereAndOtherRowsAreNot() {
    try (NDManager manager = Libtorch.newManager("cpu");
        Masters masters = new Masters(manager);
        RowViews views = new RowViews(manager)) {
      NDArray first = manager.create(values(), new Shape(64, 64));
      Master halves = masters.halves(first, manager);
      Master rows = halves.rows(new RowRanges.Range(3, 5), views);
      rows.set(manager.full(new Shape(2, 64), 1.0000123f));

      float[] expected = first.toFloatArray();
      Arrays.fill(expected, 3 * 64, 5 * 64, 1.0000123f);
      assertThat(halves.values(manager).toFloatArray()).isEqualTo(expected);
      assertThat(rows.values(manager).getShape()).isEqualTo(new Shape(2, 64));
    }
  }

  @Test
  void aSumOfGradientsIsFloat32WhateverTheyAre() {
    try (NDManager manager = Libtorch.newManager("cpu");
        Masters masters = new Masters(manager)) {
      // 1 and 2^-9 both have 16 bits, their sum needs more.
      NDArray one = half(masters, manager, 1f);
      NDArray small = half(masters, manager, 0x1p-9f);
      NDArray sum = masters.sum(one, small, manager);
      assertThat(sum.toFloatArray()).containsOnly(1 + 0x1p-9f);
      NDArray more = masters.sum(sum, half(masters, manager, 0x1p-10f), manager);
      assertThat(more).isSameAs(sum);
      assertThat(more.toFloatArray()).containsOnly(1 + 0x1p-9f + 0x1p-10f);
      assertThat(masters.wide(half(masters, manager, 3f), manager).toFloatArray()).containsOnly(3f);
    }
  }

  private static NDArray half(Masters masters, NDManager manager, float value) {
    return masters.halves(manager.full(new Shape(5), value), manager).upper();
  }

  /** Of every exponent and sign, ties to the even and to the odd among them. */
  private static float[] values() {
    Random random = new Random(3);
    float[] values = new float[VALUES];
    List<Integer> ends = List.of(0, 1, 0x7fff, 0x8000, 0x8001, 0xffff);
    for (int i = 0; i < values.length; i++) {
      int upper = random.nextInt(0x7f7f) << 16 | (random.nextBoolean() ? 0x80000000 : 0);
      int lower = i % 2 == 0 ? ends.get(i / 2 % ends.size()) : random.nextInt(0x10000);
      values[i] = Float.intBitsToFloat(upper | lower);
    }
    return values;
  }
}
