package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.types.Shape;
import dev.polyphase.pipelines.Optimizer;
import java.util.HashMap;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * Algorithm 2 of Loshchilov and Hutter 2019, in double precision.
 *
 * @param atRest how moments are rounded between steps
 */
record AdamWFormula(
    Optimizer settings,
    DoubleUnaryOperator atRest,
    Map<String, double[]> m,
    Map<String, double[]> v,
    Map<String, Integer> steps)
    implements SameSteps.Formula {

  AdamWFormula(Optimizer settings) {
    this(settings, DoubleUnaryOperator.identity());
  }

  AdamWFormula(Optimizer settings, DoubleUnaryOperator atRest) {
    this(settings, atRest, new HashMap<>(), new HashMap<>(), new HashMap<>());
  }

  @Override
  public void update(String name, Shape shape, double[] values, double[] gradient, double rate) {
    double[] first = m.computeIfAbsent(name, n -> new double[gradient.length]);
    double[] second = v.computeIfAbsent(name, n -> new double[gradient.length]);
    int t = steps.merge(name, 1, Integer::sum);
    double decay = shape.dimension() > 1 ? settings.weightDecay() : 0;
    for (int i = 0; i < gradient.length; i++) {
      double g = gradient[i];
      first[i] = settings.beta1() * first[i] + (1 - settings.beta1()) * g;
      second[i] = settings.beta2() * second[i] + (1 - settings.beta2()) * g * g;
      double firstHat = first[i] / (1 - Math.pow(settings.beta1(), t));
      double secondHat = second[i] / (1 - Math.pow(settings.beta2(), t));
      values[i] -= rate * decay * values[i];
      values[i] -= rate * firstHat / (Math.sqrt(secondHat) + settings.epsilon());
      first[i] = atRest.applyAsDouble(first[i]);
      second[i] = atRest.applyAsDouble(second[i]);
    }
  }
}
