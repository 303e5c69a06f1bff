package dev.polyphase.phases.optimizer;

import static dev.polyphase.phases.optimizer.SameSteps.BIAS;
import static dev.polyphase.phases.optimizer.SameSteps.EMBEDDING;
import static dev.polyphase.phases.optimizer.SameSteps.MATRIX;
import static dev.polyphase.phases.optimizer.SameSteps.NORM;
import static dev.polyphase.phases.optimizer.SameSteps.WIDE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.Optimizer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every optimiser. */
class OptimizerStepTest {
  private static final Optimizer ADAMW = new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.999, 1e-8, 0.1);

  /** The update of such a step would make every weight a NaN. */
  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, 3e38})
  void nothingMovesWhereTheNormIsNotFinite(double value) {
    try (SameSteps steps = new SameSteps(2e-6).withEveryKind();
        OptimizerStep optimizer = new OptimizerStep(steps.manager, ADAMW, 1)) {
      Map<String, double[]> gradients =
          Map.of(BIAS, new double[2], NORM, new double[] {1, value, value, 2});
      float norm = steps.step(optimizer, steps.arrays(gradients), name -> 0.1);
      assertThat(Float.isFinite(norm)).isFalse();
      steps.assertMasters();
      // Nor does such a step count.
      steps.step(optimizer, new AdamWFormula(ADAMW), 1, name -> 0.02);
    }
  }

  @Test
  void eachParameterHasItsRate() {
    Map<String, Double> rates = Map.of(MATRIX, 0.01, WIDE, 0.02, NORM, 0.01, BIAS, 0.0);
    try (SameSteps steps = new SameSteps(2e-6).withEveryKind();
        OptimizerStep optimizer = new OptimizerStep(steps.manager, ADAMW, 1)) {
      AdamWFormula formula = new AdamWFormula(ADAMW);
      for (int step = 0; step < 3; step++) {
        steps.step(optimizer, formula, 1, name -> rates.getOrDefault(name, 0.03));
      }
    }
  }

  /** Of two parameters with the same past, the one that is forgotten steps as if new. */
  @ParameterizedTest
  @EnumSource
  void whatIsForgottenBeginsAnew(Optimizer.Name name) {
    Optimizer settings = new Optimizer(name, 0.9, 0.5, 1e-8, 0);
    for (String parameter : new String[] {MATRIX, EMBEDDING, NORM}) {
      // Large enough for states of 8 bits, where it is a matrix.
      long[] shape = parameter.equals(NORM) ? new long[] {64} : new long[] {64, 66};
      float[] kept = movedBySecondStep(settings, parameter, shape, false, false);
      float[] forgotten = movedBySecondStep(settings, parameter, shape, true, false);
      float[] fresh = movedBySecondStep(settings, parameter, shape, false, true);
      assertThat(forgotten).as(parameter).isEqualTo(fresh).isNotEqualTo(kept);
    }
  }

  /** How the second of two steps moves a parameter of zeros. */
  private static float[] movedBySecondStep(
      Optimizer settings, String parameter, long[] shape, boolean forget, boolean skipFirst) {
    try (SameSteps steps = new SameSteps(0).with(parameter, shape).with(BIAS, 2);
        OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, 0)) {
      Random random = new Random(3);
      int size = (int) steps.masters.get(parameter).size();
      Map<String, double[]> first = gradients(parameter, random.doubles(size, -1, 1).toArray());
      Map<String, double[]> second = gradients(parameter, random.doubles(size, -1, 1).toArray());
      if (!skipFirst) {
        steps.step(optimizer, steps.arrays(first), name -> 0.01);
      }
      if (forget) {
        steps.part(parameter).forgetState();
      }
      steps.masters.get(parameter).subi(steps.masters.get(parameter).duplicate());
      steps.step(optimizer, steps.arrays(second), name -> 0.01);
      return steps.masters.get(parameter).toFloatArray();
    }
  }

  private static Map<String, double[]> gradients(String parameter, double[] values) {
    Map<String, double[]> gradients = new LinkedHashMap<>();
    gradients.put(parameter, values);
    gradients.put(BIAS, new double[] {1, -1});
    return gradients;
  }

  /** Norms and biases keep their size where there is no gradient to follow; matrices shrink. */
  @ParameterizedTest
  @EnumSource
  void onlyMatricesDecay(Optimizer.Name name) {
    Optimizer settings = new Optimizer(name, 0.9, 0.99, 1e-8, 0.5);
    try (SameSteps steps = new SameSteps(1e-6).withEveryKind();
        OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, 1)) {
      Map<String, double[]> zeros = new LinkedHashMap<>();
      steps.expected.forEach(
          (parameter, values) -> zeros.put(parameter, new double[values.length]));
      steps.step(
          optimizer,
          (parameter, shape, values, gradient, rate) -> {
            for (int i = 0; i < values.length; i++) {
              values[i] *= shape.dimension() > 1 ? 1 - 0.1 * 0.5 : 1;
            }
          },
          1,
          parameter -> 0.1,
          zeros);
    }
  }
}
