package dev.polyphase.phases.optimizer;

import static dev.polyphase.phases.optimizer.SameSteps.MATRIX;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.pipelines.Optimizer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** AdamW whose moments rest in bfloat16, against the paper's algorithm with such moments. */
class AdamWBf16Test {

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.05})
  void stepsAreThePapersWithRoundedMoments(double maxGradNorm) {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW_BF16, 0.9, 0.95, 1e-6, 0.3);
    // A hundredth of a step's rate; unrounded moments differ by several times that, as below.
    try (SameSteps steps = new SameSteps(5e-6).withEveryKind();
        OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, maxGradNorm)) {
      AdamWFormula formula = new AdamWFormula(settings, AdamWBf16Test::toBfloat16);
      for (int step = 0; step < 10; step++) {
        double rate = 0.01;
        steps.step(optimizer, formula, maxGradNorm, name -> rate);
      }
    }
  }

  /** Nothing but 16 bits is kept, and it is the nearest. */
  @Test
  void statesAreBfloat16() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW_BF16, 0, 0, 1e-6, 0);
    try (NDManager manager = Libtorch.newManager("cpu");
        AdamWBf16 rule = new AdamWBf16(manager, settings)) {
      float[] gradient = {1 + 0x1p-8f, 1 + 3 * 0x1p-8f, -3.14159f, 1e-20f, 0.1f, -0.3f};
      NDArray master = manager.zeros(new Shape(2, 3));
      UpdateGroup.Item item =
          new UpdateGroup.Item(MATRIX, master, manager.create(gradient, new Shape(2, 3)));

      rule.update(new UpdateGroup(List.of(item), 0.1, 0), manager);

      NDArray first = rule.states.find(MATRIX).orElseThrow().first();
      float[] found = first.toType(DataType.FLOAT32, true).toFloatArray();
      for (int i = 0; i < found.length; i++) {
        assertThat((double) found[i]).isEqualTo(toBfloat16(gradient[i]));
      }
    }
  }

  /** A tensor of 5 x 7 values, 8 at a time, steps as it does at once. */
  @Test
  void partsMakeNoDifference() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW_BF16, 0.9, 0.95, 1e-6, 0.3);
    try (SameSteps steps = new SameSteps(0).with(MATRIX, 5, 7);
        AdamWBf16 whole = new AdamWBf16(steps.manager, settings);
        AdamWBf16 inParts = new AdamWBf16(steps.manager, settings, 8)) {
      NDArray master = steps.masters.get(MATRIX);
      NDArray other = master.duplicate();
      for (int step = 0; step < 3; step++) {
        NDArray gradient = steps.manager.create(SameSteps.floats(steps.randomValues(35)));
        for (UpdateGroup.Item item :
            List.of(
                new UpdateGroup.Item(MATRIX, master, gradient),
                new UpdateGroup.Item(MATRIX, other, gradient))) {
          AdamWBf16 rule = item.master() == master ? whole : inParts;
          rule.update(new UpdateGroup(List.of(item), 0.1, 0.3), steps.manager);
        }
      }
      assertThat(other.toFloatArray()).isEqualTo(master.toFloatArray());
    }
  }

  /** To 8 significant bits, ties to even. */
  private static double toBfloat16(double value) {
    int bits = Float.floatToRawIntBits((float) value);
    int rounded = bits + 0x7fff + ((bits >>> 16) & 1);
    return Float.intBitsToFloat(rounded & 0xffff0000);
  }
}
