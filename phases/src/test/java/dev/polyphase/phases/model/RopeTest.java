package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RopeTest {

  @Test
  void frequenciesAreAGeometricSeries() {
    Rope.Rotary rope = new Rope.Rotary(8, 10_000, new RopeScaling.None());
    assertThat(rope.frequencies(1))
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
    RopeScaling scaling = new RopeScaling.Llama3(factor, low, high, context);
    double[] plain = new Rope.Rotary(headDim, theta, new RopeScaling.None()).frequencies(1);
    double[] found = new Rope.Rotary(headDim, theta, scaling).frequencies(1);

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

    assertThat(frequency(new RopeScaling.Llama3(8, turns, 2 * turns, context))).isEqualTo(0.125);
    assertThat(frequency(new RopeScaling.Llama3(8, turns / 2, turns, context))).isEqualTo(1);
    assertThat(frequency(new RopeScaling.Llama3(8, Math.nextUp(turns), 2 * turns, context)))
        .isEqualTo(0.125);
    assertThat(frequency(new RopeScaling.Llama3(8, turns / 2, Math.nextDown(turns), context)))
        .isEqualTo(1);
    // Half-way between the borders, the mean of both.
    assertThat(frequency(new RopeScaling.Llama3(8, turns / 2, turns * 1.5, context)))
        .isCloseTo((0.125 + 1) / 2, within(1e-15));
  }

  @Test
  void tableHoldsAnglesAndGrows() {
    Rope.Rotary rope = new Rope.Rotary(4, 16, new RopeScaling.None());
    double[] frequencies = {1, 0.25};
    try (NDManager manager = Libtorch.newManager("cpu");
        Uploads uploads = new Uploads(manager)) {
      Positions positions = new Positions(manager, uploads, List.of(rope));
      int before = manager.getManagedArrays().size();
      for (int seq : new int[] {3, 7, 5}) {
        try (NDManager scratch = manager.newSubManager()) {
          List<NDArray> arrays = positions.of(row(seq), scratch).arrays(rope);
          assertThat(arrays).hasSize(2);
          assertThat(arrays.get(0).getShape().getShape()).containsExactly(seq, 4);
          float[] cos = arrays.get(0).toFloatArray();
          float[] sin = arrays.get(1).toFloatArray();
          for (int position = 0; position < seq; position++) {
            for (int i = 0; i < 4; i++) {
              double angle = position * frequencies[i % 2];
              assertThat(cos[position * 4 + i]).isCloseTo((float) Math.cos(angle), within(1e-7f));
              float expected = (float) Math.sin(i < 2 ? -angle : angle);
              assertThat(sin[position * 4 + i]).isCloseTo(expected, within(1e-7f));
            }
          }
        }
      }
      assertThat(manager.getManagedArrays()).hasSize(before + 2);
    }
  }

  private static TokenBatch row(int tokens) {
    return TokenBatch.of(List.of(RandomRows.whole(1, tokens)));
  }

  private static double frequency(RopeScaling scaling) {
    return new Rope.Rotary(2, 10_000, scaling).frequencies(1)[0];
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
