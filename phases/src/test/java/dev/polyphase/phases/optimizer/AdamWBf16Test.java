package dev.polyphase.phases.optimizer;

import static dev.polyphase.phases.optimizer.SameSteps.MATRIX;
import static dev.polyphase.phases.optimizer.SameSteps.WIDE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.model.Master;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.phases.model.TrainedTensor;
import dev.polyphase.pipelines.Optimizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** AdamW whose moments rest in bfloat16, each as one of the two values around it. */
class AdamWBf16Test {
  /** With both betas 0 the moments are the last gradient and its square. */
  private static final Optimizer LAST_GRADIENT =
      new Optimizer(Optimizer.Name.ADAMW_BF16, 0, 0, 1e-6, 0);

  /**
   * The formula goes on from the moments that were kept, which it can't foretell: what they may be
   * is asserted, what follows from them is the paper's.
   */
  @Test
  void stepsAreThePapersWithKeptMoments() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW_BF16, 0.9, 0.95, 1e-6, 0.3);
    AdamWFormula formula = new AdamWFormula(settings);
    // A hundredth of a step's rate; unrounded moments differ by several times that.
    RoundingKeys keys = new RoundingKeys(1);
    try (SameSteps steps = new SameSteps(5e-6).withEveryKind();
        AdamWBf16 rule = new AdamWBf16(steps.manager, settings, keys, false)) {
      for (int step = 1; step <= 10; step++) {
        keys.startStep(step);
        for (Map.Entry<String, double[]> expected : steps.expected.entrySet()) {
          String name = expected.getKey();
          double[] gradient = steps.randomValues(expected.getValue().length);
          TrainedPart part = begun(steps.part(name), rule, steps.manager);
          part.moveGradient(steps.arrays(Map.of(name, gradient)).get(name));
          double decay = part.tensor().decays() ? 0.3 : 0;
          rule.update(List.of(part), new UpdateRule.Settings(1, 0.01, decay), steps.manager);
          Shape shape = steps.masters.get(name).getShape();
          formula.update(name, shape, expected.getValue(), gradient, 0.01);
          takeNeighbours(formula.m().get(name), floats(part.state("m")));
          takeNeighbours(formula.v().get(name), floats(part.state("v")));
        }
        steps.assertMasters();
      }
    }
  }

  /** Puts kept values in the place of exact ones, which they are next to on either side. */
  private static void takeNeighbours(double[] exact, float[] kept) {
    for (int i = 0; i < exact.length; i++) {
      assertThat(Float.floatToRawIntBits(kept[i]) & 0xffff).as("bits below bfloat16's").isZero();
      // The exact value may lie at a neighbour, to float32's rounding.
      assertThat((double) kept[i]).isCloseTo(exact[i], within(1.001 * spacing(exact[i])));
      exact[i] = kept[i];
    }
  }

  /** Of bfloat16 about a value: of 8 significant bits the last. */
  private static double spacing(double value) {
    return Math.scalb(1.0, Math.getExponent(value) - 7);
  }

  /**
   * The mean of n roundings of x, which lies a share f of the spacing s above its lower neighbour,
   * has the expected value x and the deviation s sqrt(f (1 - f) / n): of many values in one update,
   * in more than three runs, and of one value in many updates.
   */
  @ParameterizedTest
  @ValueSource(doubles = {0.001, 0.25, 0.5, 0.9, 0.9999})
  void theMeanIsTheExactValue(double share) {
    float x = (float) -(3 + share * spacing(3));
    double f = (-x - 3) / spacing(3);
    double square = (double) x * x;
    double below = Math.floor(square / spacing(square)) * spacing(square);
    double g = (square - below) / spacing(square);
    try (NDManager manager = Libtorch.newManager("cpu")) {
      Rounded once = new Rounded(manager, 4, 53_000);
      assertThat(once.update(1, MATRIX, x))
          .satisfies(kept -> assertMean(floats(kept.state("m")), x, f))
          .satisfies(kept -> assertMean(floats(kept.state("v")), square, g));

      Rounded often = new Rounded(manager, 1, 1);
      float[] ofUpdates = new float[1000];
      for (int step = 0; step < ofUpdates.length; step++) {
        ofUpdates[step] = floats(often.update(step, MATRIX, x).state("m"))[0];
      }
      assertMean(ofUpdates, x, f);
    }
  }

  private static void assertMean(float[] kept, double exact, double share) {
    double spacing = spacing(exact);
    double deviation = spacing * Math.sqrt(share * (1 - share) / kept.length);
    double mean = 0;
    for (float value : kept) {
      assertThat(Math.abs(value - exact)).isLessThan(spacing);
      mean += value / (double) kept.length;
    }
    // Float32 rounds the square.
    assertThat(mean).isCloseTo(exact, within(4 * deviation + 1e-7 * Math.abs(exact)));
  }

  @Test
  void whatBfloat16HoldsStays() {
    try (NDManager manager = Libtorch.newManager("cpu")) {
      Rounded rounded = new Rounded(manager, 300, 400);
      float largest = Float.intBitsToFloat(0x7f7f0000);
      for (float x : new float[] {0, 1, -1.5f, 0x1.fep-100f, -0x1p-133f, largest}) {
        assertThat(floats(rounded.update(1, MATRIX, x).state("m"))).containsOnly(x);
      }
    }
  }

  /** What is kept is a function of seed, step, name and place. */
  @Test
  void theSameSeedStepAndNameRoundTheSame() {
    try (NDManager manager = Libtorch.newManager("cpu")) {
      float[] kept = floats(new Rounded(manager, 20, 50).update(7, MATRIX, 0.1f).state("m"));
      Rounded again = new Rounded(manager, 20, 50);

      assertThat(floats(again.update(3, MATRIX, 0.1f).state("m"))).isNotEqualTo(kept);
      assertThat(floats(again.update(7, MATRIX, 0.1f).state("m"))).isEqualTo(kept);
      assertThat(floats(again.update(7, WIDE, 0.1f).state("m"))).isNotEqualTo(kept);
      assertThat(floats(new Rounded(manager, 20, 50, 2).update(7, MATRIX, 0.1f).state("m")))
          .isNotEqualTo(kept);
    }
  }

  /** A value's place in its run is not all that it is rounded by. */
  @Test
  void runsAreRoundedApart() {
    int run = (int) AdamWBf16.RUN;
    try (NDManager manager = Libtorch.newManager("cpu")) {
      // Halfway between two values: one or the other, as a coin falls.
      float[] kept = floats(new Rounded(manager, 3, run).update(7, MATRIX, 1 + 0x1p-8f).state("m"));
      long same = IntStream.range(0, run).filter(i -> kept[i] == kept[i + run]).count();
      assertThat((double) same).isCloseTo(run / 2.0, within(2 * Math.sqrt(run)));
    }
  }

  /**
   * Gradients that fall to a tenth after a thousand steps, at the default {@code adam_beta2}: the
   * second moment follows as in float32. It keeps a hundred times that where each is the nearest.
   */
  @Test
  void theSecondMomentFallsWithTheGradients() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW_BF16, 0.9, 0.999, 1e-8, 0);
    AdamWFormula float32 = new AdamWFormula(settings);
    AdamWFormula nearest = new AdamWFormula(settings, AdamWBf16Test::toBfloat16);
    Random random = new Random(4);
    int values = 64;
    RoundingKeys keys = new RoundingKeys(1);
    try (SameSteps steps = new SameSteps(0).with(MATRIX, 8, 8);
        AdamWBf16 rule = new AdamWBf16(steps.manager, settings, keys, false)) {
      TrainedPart part = begun(steps.part(MATRIX), rule, steps.manager);
      for (int step = 1; step <= 7000; step++) {
        keys.startStep(step);
        double size = step <= 1000 ? 1 : 0.1;
        double[] gradient =
            random.doubles(values, -1, 1).map(value -> (float) (size * value)).toArray();
        part.moveGradient(steps.arrays(Map.of(MATRIX, gradient)).get(MATRIX));
        rule.update(List.of(part), new UpdateRule.Settings(1, 1e-3, 0), steps.manager);
        float32.update(MATRIX, part.master().shape(), new double[values], gradient, 1e-3);
        nearest.update(MATRIX, part.master().shape(), new double[values], gradient, 1e-3);
      }
      float[] kept = floats(part.state("v"));
      double[] ratios = new double[values];
      Arrays.setAll(ratios, i -> kept[i] / float32.v().get(MATRIX)[i]);
      // Of a step's rounding at most half the spacing, 2^-7 of the value, and of the others as much
      // as adam_beta2 leaves of them.
      double deviation = Math.sqrt(0x1p-16 / (1 - 0.999 * 0.999));
      for (int i = 0; i < values; i++) {
        assertThat(ratios[i]).isCloseTo(1, within(4 * deviation));
        assertThat(nearest.v().get(MATRIX)[i] / float32.v().get(MATRIX)[i]).isGreaterThan(20);
      }
      assertThat(Arrays.stream(ratios).average().orElseThrow())
          .isCloseTo(1, within(4 * deviation / Math.sqrt(values)));
    }
  }

  /** Three runs and a half, one at a time and all at once. */
  @Test
  void partsMakeNoDifference() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW_BF16, 0.9, 0.95, 1e-6, 0.3);
    try (SameSteps steps = new SameSteps(0).with(MATRIX, 458, 500);
        AdamWBf16 whole = new AdamWBf16(steps.manager, settings, new RoundingKeys(1), false);
        AdamWBf16 inParts = new AdamWBf16(steps.manager, settings, new RoundingKeys(1), false, 1)) {
      NDArray master = steps.masters.get(MATRIX);
      NDArray other = master.duplicate();
      TrainedPart one = begun(steps.part(MATRIX), whole, steps.manager);
      TrainedPart another =
          begun(
              new TrainedTensor(MATRIX, 0, 1, new Master.Whole(other), other).parts().get(0),
              inParts,
              steps.manager);
      for (int step = 0; step < 3; step++) {
        NDArray gradient = steps.manager.create(SameSteps.floats(steps.randomValues(229_000)));
        one.moveGradient(gradient);
        whole.update(List.of(one), new UpdateRule.Settings(1, 0.1, 0.3), steps.manager);
        another.moveGradient(gradient);
        inParts.update(List.of(another), new UpdateRule.Settings(1, 0.1, 0.3), steps.manager);
      }
      assertThat(other.toFloatArray()).isEqualTo(master.toFloatArray());
    }
  }

  /** A rule on one matrix, all of whose values have the same gradient. */
  private static final class Rounded {
    private final NDManager manager;
    private final Shape shape;
    private final RoundingKeys keys;
    private final AdamWBf16 rule;
    private final Map<String, TrainedPart> parts = new HashMap<>();

    Rounded(NDManager manager, int rows, int columns) {
      this(manager, rows, columns, 1);
    }

    Rounded(NDManager manager, int rows, int columns, long seed) {
      this.manager = manager;
      this.shape = new Shape(rows, columns);
      this.keys = new RoundingKeys(seed);
      this.rule = new AdamWBf16(manager, LAST_GRADIENT, keys, false);
    }

    TrainedPart update(long step, String name, float gradient) {
      keys.startStep(step);
      TrainedPart part =
          parts.computeIfAbsent(
              name,
              n -> {
                NDArray master = manager.zeros(shape);
                TrainedTensor tensor = new TrainedTensor(n, 0, 1, new Master.Whole(master), master);
                return begun(tensor.parts().get(0), rule, manager);
              });
      try (NDManager scratch = manager.newSubManager()) {
        part.moveGradient(scratch.full(shape, gradient));
        rule.update(List.of(part), new UpdateRule.Settings(1, 0.1, 0), scratch);
      }
      return part;
    }
  }

  private static TrainedPart begun(TrainedPart part, AdamWBf16 rule, NDManager owner) {
    if (!part.hasState()) {
      part.begin(owner, rule.newState(part, owner));
    }
    return part;
  }

  private static float[] floats(NDArray bfloat16) {
    return bfloat16.toType(DataType.FLOAT32, true).toFloatArray();
  }

  /** To 8 significant bits, ties to even. */
  private static double toBfloat16(double value) {
    int bits = Float.floatToRawIntBits((float) value);
    int rounded = bits + 0x7fff + ((bits >>> 16) & 1);
    return Float.intBitsToFloat(rounded & 0xffff0000);
  }
}
