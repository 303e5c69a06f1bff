package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How kernels turn queries and keys, against the same turns of pairs in plain Java. */
class TurnedHeadsTest {
  private static final int[] LENGTHS = {9, 4, 6};
  private static final int SEQ = 9;
  private static final int HEADS = 2;
  private static final int KEY_HEADS = 1;
  private static final int HEAD_DIM = 8;

  private final float[] queries = values(1, HEADS);
  private final float[] keys = values(2, KEY_HEADS);

  @Test
  void wholeHeads() {
    assertTurned(new Rope.Rotary(8, 100, new RopeScaling.Linear(2)));
  }

  @Test
  void theFirstValuesOfHeadsAlone() {
    assertTurned(new Rope.Rotary(6, 100, new RopeScaling.None()));
    // Seven values: eight turn, by frequencies of seven.
    assertTurned(new Rope.Rotary(7, 100, new RopeScaling.None()));
  }

  @Test
  void cosinesAndSinesTimesAFactor() {
    assertTurned(new Rope.Rotary(8, 100, new RopeScaling.Yarn(4, 16, 32, 1, true, 1.5)));
  }

  /** Two of three rows are longer than what a scaling begins behind, or one is. */
  @Test
  void eachRowByItsOwnLength() {
    assertTurned(new Rope.Rotary(8, 100, new RopeScaling.Dynamic(3, 5)));
    List<Double> ones = List.of(1.0, 1.0);
    assertTurned(
        new Rope.Rotary(4, 100, new RopeScaling.LongRope(ones, List.of(2.0, 9.0), 6, 1.25)));
  }

  @Test
  void queriesScaledByPosition() {
    for (RopeScaling scaling : List.of(new RopeScaling.None(), new RopeScaling.Dynamic(3, 5))) {
      assertTurned(
          new Rope.Rotary(
              8, 100, scaling, Optional.of(new Rope.QueryScale(0.3, 2)), OptionalInt.empty()));
    }
  }

  @Test
  void nothingTurnsWithoutPositions() {
    try (NDManager manager = Libtorch.newManager("cpu");
        Kernel kernel = kernel(manager, "parts/unturned.py", 0)) {
      NDList turned =
          kernel
              .method("turned")
              .with(array(manager, queries, HEADS))
              .with(array(manager, keys, KEY_HEADS))
              .withNumberInList("positions", 0)
              .run(manager);
      assertThat(turned.get(0).toFloatArray()).isEqualTo(queries);
      assertThat(turned.get(1).toFloatArray()).isEqualTo(keys);
    }
  }

  private void assertTurned(Rope.Rotary rope) {
    try (NDManager manager = Libtorch.newManager("cpu");
        Uploads uploads = new Uploads(manager);
        Kernel kernel = kernel(manager, "parts/rotary.py", rope.width())) {
      List<NDArray> positions =
          new Positions(manager, uploads, List.of(rope)).of(rows(), manager).arrays(rope);
      NDList turned =
          kernel
              .method("turned")
              .with(array(manager, queries, HEADS))
              .with(array(manager, keys, KEY_HEADS))
              .withList("positions", positions)
              .run(manager);
      assertTurned(turned.get(0).toFloatArray(), queries, HEADS, rope, true);
      assertTurned(turned.get(1).toFloatArray(), keys, KEY_HEADS, rope, false);
      float[] ofQueries = values(3, HEADS);
      float[] ofKeys = values(4, KEY_HEADS);
      NDList gradients =
          kernel
              .method("turned_vjp")
              .with(array(manager, ofQueries, HEADS))
              .with(array(manager, ofKeys, KEY_HEADS))
              .withList("positions", positions)
              .run(manager);
      assertTransposed(turned.get(0), ofQueries, gradients.get(0), queries);
      assertTransposed(turned.get(1), ofKeys, gradients.get(1), keys);
    }
  }

  /** Turning is linear: g T x is the same whichever of the two is multiplied by T first. */
  private static void assertTransposed(NDArray turned, float[] g, NDArray gradient, float[] x) {
    double expected = product(turned.toFloatArray(), g);
    assertThat(product(gradient.toFloatArray(), x)).isCloseTo(expected, within(1e-4));
  }

  private static double product(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  private static void assertTurned(
      float[] found, float[] before, int heads, Rope.Rotary rope, boolean ofQueries) {
    for (int row = 0; row < LENGTHS.length; row++) {
      double[] frequencies = rope.frequencies(LENGTHS[row]);
      double factor = rope.scaling().attentionFactor();
      for (int head = 0; head < heads; head++) {
        // What lies behind is padding.
        for (int position = 0; position < LENGTHS[row]; position++) {
          int start = ((row * SEQ + position) * heads + head) * HEAD_DIM;
          double scale =
              ofQueries && rope.queries().isPresent() ? rope.queries().get().at(position) : 1;
          double[] expected = new double[HEAD_DIM];
          for (int i = 0; i < HEAD_DIM; i++) {
            expected[i] = before[start + i];
          }
          for (int pair = 0; pair < frequencies.length; pair++) {
            double angle = position * frequencies[pair];
            double a = before[start + pair];
            double b = before[start + pair + frequencies.length];
            expected[pair] = factor * (a * Math.cos(angle) - b * Math.sin(angle));
            expected[pair + frequencies.length] =
                factor * (b * Math.cos(angle) + a * Math.sin(angle));
          }
          for (int i = 0; i < HEAD_DIM; i++) {
            assertThat((double) found[start + i])
                .as("row %d, head %d, position %d, value %d", row, head, position, i)
                .isCloseTo(scale * expected[i], within(1e-6));
          }
        }
      }
    }
  }

  private static Kernel kernel(NDManager manager, String source, int rotaryDim) {
    return Kernel.load(
        manager,
        TurnedHeadsTest.class,
        List.of("turning.py", source),
        Map.of("turns_in_float32", "False", "rotary_dim", rotaryDim, "head_dim", HEAD_DIM));
  }

  private static TokenBatch rows() {
    return TokenBatch.of(
        List.of(
            RandomRows.whole(1, LENGTHS[0]),
            RandomRows.whole(2, LENGTHS[1]),
            RandomRows.whole(3, LENGTHS[2])));
  }

  private static NDArray array(NDManager manager, float[] values, int heads) {
    return manager.create(values, new Shape(LENGTHS.length, SEQ, heads, HEAD_DIM));
  }

  private static float[] values(int seed, int heads) {
    Random random = new Random(seed);
    float[] values = new float[LENGTHS.length * heads * SEQ * HEAD_DIM];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat(-1, 1);
    }
    return values;
  }
}
