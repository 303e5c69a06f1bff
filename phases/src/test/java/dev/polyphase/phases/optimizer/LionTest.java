package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.types.Shape;
import dev.polyphase.pipelines.Optimizer;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lion against algorithm 2 of its paper. */
class LionTest {

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.05})
  void stepsAreThePapers(double maxGradNorm) {
    Optimizer settings = new Optimizer(Optimizer.Name.LION, 0.9, 0.95, 1e-8, 0.3);
    try (SameSteps steps = new SameSteps(2e-6).withEveryKind();
        OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, maxGradNorm)) {
      Formula formula = new Formula(settings, new HashMap<>());
      for (int step = 0; step < 8; step++) {
        double rate = 0.003 * step;
        steps.step(optimizer, formula, maxGradNorm, name -> rate);
      }
    }
  }

  private record Formula(Optimizer settings, Map<String, double[]> momenta)
      implements SameSteps.Formula {
    @Override
    public void update(String name, Shape shape, double[] values, double[] gradient, double rate) {
      double[] m = momenta.computeIfAbsent(name, n -> new double[gradient.length]);
      double decay = shape.dimension() > 1 ? settings.weightDecay() : 0;
      for (int i = 0; i < values.length; i++) {
        double c = settings.beta1() * m[i] + (1 - settings.beta1()) * gradient[i];
        values[i] -= rate * (Math.signum(c) + decay * values[i]);
        m[i] = settings.beta2() * m[i] + (1 - settings.beta2()) * gradient[i];
      }
    }
  }
}
