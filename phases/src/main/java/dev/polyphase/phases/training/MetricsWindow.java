package dev.polyphase.phases.training;

import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.data.Step;
import java.util.LinkedHashMap;
import java.util.Map;

/** Gathers the steps between two rows of metrics. Losses and figures are means of the steps'. */
final class MetricsWindow {
  private final long totalSteps;
  private long numTokens;
  private long windowTokens;
  private long windowStartNanos = System.nanoTime();
  private int steps;
  private double lossSum;
  private final Map<String, Double> figureSums = new LinkedHashMap<>();

  MetricsWindow(long totalSteps) {
    this.totalSteps = totalSteps;
  }

  void add(StepFigures step) {
    steps++;
    lossSum += step.loss();
    numTokens += step.tokens();
    windowTokens += step.tokens();
    step.figures().forEach((name, mean) -> figureSums.merge(name, mean, Double::sum));
  }

  /** Time that is none of the steps'. */
  void leaveOut(long nanos) {
    windowStartNanos += nanos;
  }

  long numTokens() {
    return numTokens;
  }

  /** The row of the steps since the last one; the rate and the norm are the last step's. */
  MetricsRow row(Step step, StepFigures last) {
    long now = System.nanoTime();
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", step.index());
    values.put("epoch", step.epoch());
    values.put("loss", lossSum / steps);
    values.put("grad_norm", last.gradNorm());
    values.put("learning_rate", last.learningRate());
    values.put("num_tokens", numTokens);
    values.put("tokens_per_second", windowTokens * 1e9 / Math.max(1, now - windowStartNanos));
    figureSums.forEach((name, sum) -> values.put(name, sum / steps));
    windowStartNanos = now;
    windowTokens = 0;
    steps = 0;
    lossSum = 0;
    figureSums.clear();
    return new MetricsRow(step.index(), totalSteps, values);
  }
}
