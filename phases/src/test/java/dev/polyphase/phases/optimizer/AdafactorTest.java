package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.types.Shape;
import dev.polyphase.pipelines.Optimizer;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Adafactor against algorithms 4 and 5 of its paper, with an outer rate and without relative steps.
 */
class AdafactorTest {

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.05})
  void stepsAreThePapers(double maxGradNorm) {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAFACTOR, 0.9, 0.999, 1e-8, 0.3);
    try (SameSteps steps = new SameSteps(2e-6).withEveryKind();
        OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, maxGradNorm)) {
      Formula formula = new Formula(0.3, new HashMap<>(), new HashMap<>());
      for (int step = 0; step < 8; step++) {
        double rate = 0.01 * step;
        steps.step(optimizer, formula, maxGradNorm, name -> rate);
      }
    }
  }

  /**
   * In double precision.
   *
   * @param moments of rows and then columns, as sums; or of each value
   */
  private record Formula(
      double weightDecay, Map<String, double[]> moments, Map<String, Integer> steps)
      implements SameSteps.Formula {
    @Override
    public void update(String name, Shape shape, double[] values, double[] gradient, double rate) {
      int t = steps.merge(name, 1, Integer::sum);
      double beta2 = 1 - Math.pow(t, -0.8);
      double[] update =
          shape.dimension() == 2
              ? ofMatrix(name, (int) shape.get(0), (int) shape.get(1), gradient, beta2)
              : ofVector(name, gradient, beta2);
      double squares = 0;
      for (double u : update) {
        squares += u * u;
      }
      double rms = Math.sqrt(squares / update.length);
      double decay = shape.dimension() > 1 ? weightDecay : 0;
      for (int i = 0; i < values.length; i++) {
        values[i] -= rate * decay * values[i];
        values[i] -= rate * update[i] / Math.max(1, rms);
      }
    }

    /** V = R C / (1 C), of the sums of rows and of columns. */
    private double[] ofMatrix(String name, int rows, int columns, double[] gradient, double beta2) {
      double[] sums = moments.computeIfAbsent(name, n -> new double[rows + columns]);
      for (int i = 0; i < sums.length; i++) {
        sums[i] *= beta2;
      }
      for (int i = 0; i < gradient.length; i++) {
        double square = (1 - beta2) * (gradient[i] * gradient[i] + 1e-30);
        sums[i / columns] += square;
        sums[rows + i % columns] += square;
      }
      double all = 0;
      for (int row = 0; row < rows; row++) {
        all += sums[row];
      }
      double[] update = new double[gradient.length];
      for (int i = 0; i < update.length; i++) {
        update[i] = gradient[i] / Math.sqrt(sums[i / columns] * sums[rows + i % columns] / all);
      }
      return update;
    }

    private double[] ofVector(String name, double[] gradient, double beta2) {
      double[] v = moments.computeIfAbsent(name, n -> new double[gradient.length]);
      double[] update = new double[gradient.length];
      for (int i = 0; i < update.length; i++) {
        v[i] = beta2 * v[i] + (1 - beta2) * (gradient[i] * gradient[i] + 1e-30);
        update[i] = gradient[i] / Math.sqrt(v[i]);
      }
      return update;
    }
  }
}
