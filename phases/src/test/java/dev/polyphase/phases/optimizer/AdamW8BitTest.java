package dev.polyphase.phases.optimizer;

import static dev.polyphase.phases.optimizer.SameSteps.MATRIX;
import static dev.polyphase.phases.optimizer.SameSteps.NORM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.model.Master;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.phases.model.TrainedTensor;
import dev.polyphase.pipelines.Optimizer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** AdamW with 8-bit states: what the states hold, and how far they lead from float32's. */
class AdamW8BitTest {
  /** 17 blocks and 17 values more. */
  private static final Shape SHAPE = new Shape(17, 257);

  /** With both betas 0 the states are the last gradient and its size. */
  @Test
  void statesAreTheNearestOfTheMapInEachBlock() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW_8BIT, 0, 0, 1e-8, 0);
    Random random = new Random(1);
    float[] gradient = new float[(int) SHAPE.size()];
    for (int i = 0; i < gradient.length; i++) {
      // Each block in a size of its own; in the fourth all but one are small; the sixth is empty.
      double size = Math.pow(10, i / 256 % 5 - 4) * (i / 256 == 3 && i % 256 != 0 ? 1e-5 : 1);
      gradient[i] = i / 256 == 5 ? 0 : (float) (size * random.nextGaussian());
    }
    try (NDManager manager = Libtorch.newManager("cpu");
        AdamW8Bit rule = new AdamW8Bit(manager, settings, false)) {
      NDArray master = manager.zeros(SHAPE);
      TrainedPart part =
          new TrainedTensor(MATRIX, 0, 1, new Master.Whole(master), master).parts().get(0);
      part.begin(manager, rule.newState(part, manager));
      part.moveGradient(manager.create(gradient, SHAPE));
      rule.update(List.of(part), new UpdateRule.Settings(1, 0.1, 0), manager);

      float[] first =
          assertNearest(part.state("m"), part.state("mscales"), DynamicMap.signed(), gradient);
      float[] sizes = gradient.clone();
      for (int i = 0; i < sizes.length; i++) {
        sizes[i] = Math.abs(sizes[i]);
      }
      float[] root =
          assertNearest(part.state("root"), part.state("rootscales"), DynamicMap.unsigned(), sizes);

      for (int i = 0; i < gradient.length; i++) {
        // Half of the widest gap, 0.9 / 64 or 0.9 / 128 of the block's largest value.
        float largest = largestOfBlock(gradient, i / 256);
        assertThat(Math.abs(first[i] - gradient[i])).isLessThanOrEqualTo(0.0072f * largest);
        assertThat(Math.abs(root[i] - sizes[i])).isLessThanOrEqualTo(0.0037f * largest);
      }
    }
  }

  /** Dequantises, and holds every code against all 256. */
  private static float[] assertNearest(NDArray codes, NDArray scales, float[] map, float[] wanted) {
    assertThat(codes.getDataType()).isEqualTo(DataType.UINT8);
    byte[] bytes = codes.toByteArray();
    assertThat(bytes).hasSize(18 * 256);
    float[] found = new float[wanted.length];
    float[] scale = scales.toFloatArray();
    for (int i = 0; i < wanted.length; i++) {
      float largest = largestOfBlock(wanted, i / 256);
      assertThat(scale[i / 256]).isCloseTo(largest, within(1e-6f * largest));
      found[i] = map[bytes[i] & 0xff] * scale[i / 256];
      float nearest = Float.POSITIVE_INFINITY;
      for (float value : map) {
        nearest = Math.min(nearest, Math.abs(value * scale[i / 256] - wanted[i]));
      }
      // The table's steps are 4 / 16,384 of the fourth root.
      double share = largest == 0 ? 0 : Math.abs(wanted[i] / largest);
      double step = 4.0 / 16_384 * Math.pow(share, 0.75) * largest;
      assertThat((double) Math.abs(found[i] - wanted[i]))
          .isLessThanOrEqualTo(nearest + step + 1e-7 * largest);
    }
    return found;
  }

  private static float largestOfBlock(float[] values, int block) {
    float largest = 0;
    for (int i = 256 * block; i < Math.min(256 * (block + 1), values.length); i++) {
      largest = Math.max(largest, Math.abs(values[i]));
    }
    return largest;
  }

  /**
   * The paper's algorithm with states that are quantised by trying all 256 values, 5 blocks at a
   * time here and all at once there. Where a state lies halfway between two values, to the table's
   * step, the two may differ.
   */
  @Test
  void stepsAreThePapersWithQuantisedStates() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW_8BIT, 0.9, 0.95, 1e-8, 0.3);
    AdamWFormula formula = new AdamWFormula(settings);
    try (SameSteps steps = new SameSteps(0).with(MATRIX, 17, 257);
        AdamW8Bit rule = new AdamW8Bit(steps.manager, settings, false, 5)) {
      double[] expected = steps.expected.get(MATRIX);
      TrainedPart part = steps.part(MATRIX);
      part.begin(steps.manager, rule.newState(part, steps.manager));
      int differ = 0;
      for (int step = 0; step < 6; step++) {
        double[] gradient = steps.randomValues(expected.length);
        part.moveGradient(steps.arrays(Map.of(MATRIX, gradient)).get(MATRIX));
        rule.update(List.of(part), new UpdateRule.Settings(1, 0.01, 0.3), steps.manager);

        formula.update(MATRIX, SHAPE, expected, gradient, 0.01);
        quantise(formula.m().get(MATRIX), DynamicMap.signed());
        double[] v = formula.v().get(MATRIX);
        Arrays.setAll(v, i -> Math.sqrt(v[i]));
        quantise(v, DynamicMap.unsigned());
        Arrays.setAll(v, i -> v[i] * v[i]);
      }
      float[] found = steps.masters.get(MATRIX).toFloatArray();
      for (int i = 0; i < found.length; i++) {
        differ += Math.abs(found[i] - expected[i]) > 2e-6 ? 1 : 0;
        // A neighbour of the nearest value: a tenth of a step's rate.
        assertThat((double) found[i]).isCloseTo(expected[i], within(1e-3));
      }
      assertThat(differ).isLessThan(found.length / 8);
    }
  }

  private static void quantise(double[] values, float[] map) {
    for (int block = 0; block * 256 < values.length; block++) {
      int end = Math.min(256 * (block + 1), values.length);
      double largest = 0;
      for (int i = 256 * block; i < end; i++) {
        largest = Math.max(largest, Math.abs(values[i]));
      }
      for (int i = 256 * block; i < end; i++) {
        double nearest = 0;
        for (float value : map) {
          double candidate = value * largest;
          if (Math.abs(candidate - values[i]) < Math.abs(nearest - values[i])) {
            nearest = candidate;
          }
        }
        values[i] = nearest;
      }
    }
  }

  /**
   * Fifty noisy steps down a quadratic whose curvatures span two decades: the loss falls as with
   * float32 states to within 2 %, and the values differ by 3 % of the way that they went.
   */
  @Test
  void followsFloat32DownAQuadratic() {
    Descent float32 = new Descent(Optimizer.Name.ADAMW);
    Descent eightBits = new Descent(Optimizer.Name.ADAMW_8BIT);

    assertThat(float32.lastLoss).isLessThan(0.2 * float32.firstLoss);
    assertThat(Math.abs(eightBits.lastLoss / float32.lastLoss - 1)).isBetween(1e-9, 0.02);
    double apart = 0;
    double way = 0;
    for (int i = 0; i < float32.values.length; i++) {
      apart += Math.pow(eightBits.values[i] - float32.values[i], 2);
      way += Math.pow(float32.values[i], 2);
    }
    assertThat(Math.sqrt(apart / way)).isLessThan(0.03);
  }

  /** As with bitsandbytes, where norms and biases keep float32 states. */
  @Test
  void smallTensorsStepAsAdamWs() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW_8BIT, 0.9, 0.99, 1e-6, 0.3);
    try (SameSteps steps = new SameSteps(2e-6).with(MATRIX, 63, 65).with(NORM, 64);
        OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, 1)) {
      AdamWFormula formula = new AdamWFormula(settings);
      for (int step = 0; step < 4; step++) {
        steps.step(optimizer, formula, 1, name -> 0.01);
      }
    }
    assertThat(UpdateRules.stateBytes(settings.name(), new Parameter(MATRIX, List.of(63L, 65L))))
        .isEqualTo(63 * 65 * 8);
  }

  /** From 0 towards random targets, 64 x 80 values. */
  private static final class Descent {
    private final Random random = new Random(9);
    private final double[] targets = random.doubles(5120, -1, 1).toArray();
    private final double[] curvatures =
        random.doubles(5120, -1, 1).map(power -> Math.pow(10, power)).toArray();
    private float[] values = new float[5120];
    private final double firstLoss = loss();
    private final double lastLoss;

    private Descent(Optimizer.Name name) {
      Optimizer settings = new Optimizer(name, 0.9, 0.999, 1e-8, 0);
      try (SameSteps steps = new SameSteps(0).with(MATRIX, 64, 80);
          OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, 0)) {
        NDArray master = steps.masters.get(MATRIX);
        master.subi(master.duplicate());
        for (int step = 0; step < 50; step++) {
          steps.step(optimizer, steps.arrays(Map.of(MATRIX, gradient())), parameter -> 0.02);
          values = master.toFloatArray();
        }
      }
      lastLoss = loss();
    }

    private double[] gradient() {
      double[] gradient = new double[values.length];
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] = curvatures[i] * (values[i] - targets[i] + 0.3 * random.nextGaussian());
      }
      return gradient;
    }

    private double loss() {
      double loss = 0;
      for (int i = 0; i < values.length; i++) {
        loss += curvatures[i] * Math.pow(values[i] - targets[i], 2) / 2;
      }
      return loss;
    }
  }
}
