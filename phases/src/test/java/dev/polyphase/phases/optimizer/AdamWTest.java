package dev.polyphase.phases.optimizer;

import static dev.polyphase.phases.optimizer.SameSteps.BIAS;
import static dev.polyphase.phases.optimizer.SameSteps.MATRIX;
import static dev.polyphase.phases.optimizer.SameSteps.NORM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import dev.polyphase.pipelines.Optimizer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** AdamW against the paper's algorithm. */
class AdamWTest {

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.05, 1, 1000})
  void stepsAreThePapers(double maxGradNorm) {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.99, 1e-6, 0.3);
    try (SameSteps steps = new SameSteps(2e-6).withEveryKind();
        OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, maxGradNorm)) {
      AdamWFormula formula = new AdamWFormula(settings);
      for (int step = 0; step < 6; step++) {
        // The rate changes, as under a schedule, and is 0 at first, as in a warm-up.
        double rate = 0.01 * step;
        steps.step(optimizer, formula, maxGradNorm, name -> rate);
      }
    }
  }

  /** Each parameter counts its own steps, as in torch, where others have no gradient. */
  @Test
  void parametersWithoutAGradientWait() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW, 0.8, 0.95, 1e-8, 0.1);
    List<String[]> turns =
        List.of(
            new String[] {NORM},
            new String[] {MATRIX, NORM},
            new String[] {MATRIX},
            new String[] {BIAS, MATRIX, NORM});
    try (SameSteps steps = new SameSteps(2e-6).withEveryKind();
        OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, 1)) {
      AdamWFormula formula = new AdamWFormula(settings);
      assertThat(steps.step(optimizer, Map.of(), name -> 0.02)).isZero();
      for (String[] names : turns) {
        steps.step(optimizer, formula, 1, name -> 0.02, names);
      }
    }
  }

  /** A first step without decay moves every value by the rate, whatever the gradient's size. */
  @Test
  void firstStepIsTheRate() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.999, 0, 0);
    try (SameSteps steps = new SameSteps(0).with(MATRIX, 3, 4);
        OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, 0)) {
      float[] before = steps.masters.get(MATRIX).toFloatArray();
      float[] gradient = new float[12];
      for (int i = 0; i < 12; i++) {
        gradient[i] = i % 2 == 0 ? 1e-6f * (i + 1) : -10;
      }
      steps.step(
          optimizer,
          Map.of(MATRIX, steps.manager.create(gradient, new Shape(3, 4))),
          name -> 0.001);
      float[] after = steps.masters.get(MATRIX).toFloatArray();
      for (int i = 0; i < 12; i++) {
        float sign = i % 2 == 0 ? -1 : 1;
        assertThat(after[i] - before[i]).isCloseTo(sign * 0.001f, within(1e-6f));
      }
    }
  }
}
