package dev.polyphase.phases.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.Optimizer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** No update is larger than the bound on it, on gradients made to be so. */
class LargestUpdateTest {
  private static final double RATE = 0.01;
  private static final int STEPS = 60;

  @ParameterizedTest
  @EnumSource
  void noUpdateIsLarger(Optimizer.Name name) {
    Optimizer settings = new Optimizer(name, 0.9, 0.999, 1e-8, 0);
    List<IntToDoubleFunction> courses =
        List.of(
            step -> 1,
            step -> step == STEPS - 1 ? 1000 : 1e-3,
            step -> Math.pow(1.11, step),
            step -> step % 7 == 0 ? 5 : -0.01);
    for (IntToDoubleFunction course : courses) {
      try (SameSteps steps = new SameSteps(0).withEveryKind();
          OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, 0)) {
        for (int step = 0; step < STEPS; step++) {
          Map<String, float[]> before = new LinkedHashMap<>();
          steps.masters.forEach((key, master) -> before.put(key, master.toFloatArray()));
          steps.step(optimizer, steps.arrays(gradients(steps, course, step)), key -> RATE);
          steps.masters.forEach(
              (key, master) ->
                  assertThat(largestMove(before.get(key), master))
                      .as("%s of %s", name, key)
                      .isLessThanOrEqualTo(
                          RATE * UpdateRules.largestUpdate(settings, parameter(key, master))
                              + 1e-6));
        }
      }
    }
  }

  /** As Cauchy and Schwarz have it, the worst gradients grow by b2 / b1 from step to step. */
  @Test
  void adamsWorstGradientsComeCloseToIt() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.999, 0, 0);
    double m = 0;
    double v = 0;
    int steps = 20_000;
    for (int step = 1; step <= steps; step++) {
      // Scaled so that the last is 1: those long before are 0.
      double gradient = Math.pow(0.999 / 0.9, step - steps);
      m = 0.9 * m + 0.1 * gradient;
      v = 0.999 * v + 0.001 * gradient * gradient;
    }

    double bound = AdamW.largestUpdate(settings);
    assertThat(bound).isBetween(7.2, 7.4);
    assertThat(m / Math.sqrt(v)).isCloseTo(bound, within(1e-9));
  }

  private static double largestMove(float[] before, NDArray after) {
    float[] now = after.toFloatArray();
    double largest = 0;
    for (int i = 0; i < now.length; i++) {
      largest = Math.max(largest, Math.abs((double) now[i] - before[i]));
    }
    return largest;
  }

  /** All along the course, but for the first value of each, which stays behind. */
  private static Map<String, double[]> gradients(
      SameSteps steps, IntToDoubleFunction course, int step) {
    Map<String, double[]> gradients = new LinkedHashMap<>();
    steps.masters.forEach(
        (name, master) -> {
          double[] gradient = new double[(int) master.size()];
          Arrays.fill(gradient, (float) course.applyAsDouble(step));
          gradient[0] = (float) 1e-4;
          gradients.put(name, gradient);
        });
    return gradients;
  }

  private static Parameter parameter(String name, NDArray master) {
    return new Parameter(name, Arrays.stream(master.getShape().getShape()).boxed().toList());
  }
}
