package dev.polyphase.orchestrator.bench;

import dev.polyphase.phases.bench.BenchStep;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** A step and how long it took each time. */
final class TimedStep implements AutoCloseable {
  private final BenchStep step;
  private final List<Double> seconds = new ArrayList<>();

  /**
   * A step that was not taken yet.
   *
   * @param step is closed with it
   */
  TimedStep(BenchStep step) {
    this.step = step;
  }

  /** Takes the step once more. */
  void run() {
    long start = System.nanoTime();
    step.run();
    double waited = (System.nanoTime() - start) / 1e9;
    seconds.add(step.ownSeconds().orElse(waited));
  }

  /** How long it took the last time. */
  double lastSeconds() {
    return seconds.get(seconds.size() - 1);
  }

  /** Without the first, in which libtorch plans and the system gives the memory. */
  double medianSeconds() {
    double[] sorted = seconds.stream().skip(1).mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** What it computed the last time. */
  OptionalDouble lastLoss() {
    return step.lastLoss();
  }

  @Override
  public void close() {
    step.close();
  }
}
