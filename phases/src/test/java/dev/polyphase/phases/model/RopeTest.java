package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Libtorch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RopeTest {

  @Test
  void frequenciesAreAGeometricSeries() {
    Rope rope = new Rope(10_000, new Rope.Scaling.None());
    assertThat(rope.frequencies(8))
        .containsExactly(new double[] {1, 0.1, 0.01, 0.001}, within(1e-15));
  }

  /** Llama 3.1 8B, Llama 3.2 1B, the fixture, and a context so short that all is stretched. */
  @ParameterizedTest
  @CsvSource({
    "128, 500000, 8, 1, 4, 8192",
    "64, 500000, 32, 1, 4, 8192",
    "16, 500000, 32, 1, 4, 32",
    "32, 10000, 4, 1, 2, 6"
  })
  void llama3StretchesByWavelength(
      int headDim, double theta, double factor, double low, double high, long context) {
    Rope rope = new Rope(theta, new Rope.Scaling.Llama3(factor, low, high, context));
    double[] plain = new Rope(theta, new Rope.Scaling.None()).frequencies(headDim);
    double[] found = rope.frequencies(headDim);

    assertThat(found).hasSize(headDim / 2);
    for (int i = 0; i < found.length; i++) {
      double expected = byWavelength(plain[i], factor, low, high, context);
      assertThat(found[i]).as("pair %d", i).isCloseTo(expected, within(1e-14 * expected));
    }
  }

  /** A frequency of 1 makes context / 2 pi turns, which is one border, then the other. */
  @Test
  void bordersBelongToBothSides() {
    long context = 100;
    double turns = context / (2 * Math.PI);

    assertThat(frequency(new Rope.Scaling.Llama3(8, turns, 2 * turns, context))).isEqualTo(0.125);
    assertThat(frequency(new Rope.Scaling.Llama3(8, turns / 2, turns, context))).isEqualTo(1);
    assertThat(frequency(new Rope.Scaling.Llama3(8, Math.nextUp(turns), 2 * turns, context)))
        .isEqualTo(0.125);
    assertThat(frequency(new Rope.Scaling.Llama3(8, turns / 2, Math.nextDown(turns), context)))
        .isEqualTo(1);
    // Half-way between the borders, the mean of both.
    assertThat(frequency(new Rope.Scaling.Llama3(8, turns / 2, turns * 1.5, context)))
        .isCloseTo((0.125 + 1) / 2, within(1e-15));
  }

  @Test
  void tableHoldsAnglesAndGrows() {
    double[] frequencies = {1, 0.25};
    try (NDManager manager = Libtorch.newManager("cpu")) {
      RotaryTable table = new RotaryTable(manager, frequencies);
      for (int seq : new int[] {3, 7, 5}) {
        try (NDManager scratch = manager.newSubManager()) {
          RotaryTable.Slice slice = table.upTo(seq, scratch);
          assertThat(slice.cos().getShape().getShape()).containsExactly(seq, 4);
          float[] cos = slice.cos().toFloatArray();
          float[] sin = slice.sin().toFloatArray();
          for (int position = 0; position < seq; position++) {
            for (int i = 0; i < 4; i++) {
              double angle = position * frequencies[i % 2];
              assertThat(cos[position * 4 + i]).isCloseTo((float) Math.cos(angle), within(1e-7f));
              assertThat(sin[position * 4 + i]).isCloseTo((float) Math.sin(angle), within(1e-7f));
            }
          }
        }
      }
      assertThat(manager.getManagedArrays()).hasSize(2);
    }
  }

  private static double frequency(Rope.Scaling scaling) {
    return new Rope(10_000, scaling).frequencies(2)[0];
  }

  /** As transformers/modeling_rope_utils.py has it, by wavelengths instead of turns. */
  private static double byWavelength(
      double frequency, double factor, double low, double high, long context) {
    double wavelength = 2 * Math.PI / frequency;
    double longest = context / low;
    double shortest = context / high;
    if (wavelength > longest) {
      return frequency / factor;
    }
    if (wavelength < shortest) {
      return frequency;
    }
    double smooth = (context / wavelength - low) / (high - low);
    return frequency * ((1 - smooth) / factor + smooth);
  }
}
