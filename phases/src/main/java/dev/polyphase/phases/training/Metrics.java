package dev.polyphase.phases.training;

import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.batches.Step;
import dev.polyphase.phases.checkpoints.Resumable;
import dev.polyphase.phases.checkpoints.StateReader;
import dev.polyphase.phases.checkpoints.StateWriter;
import dev.polyphase.phases.objective.Mean;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The rows of a phase's metrics. Those of training gather the steps since the one before: loss and
 * figures are means of the steps', rate and norm the last step's; the loss of a dataset is that of
 * all its tokens, or pairs, in these steps.
 */
final class Metrics implements Resumable {
  private final PhaseListener listener;
  private final long totalSteps;
  private long rows;
  private long numTokens;
  private long windowTokens;
  private long windowStartNanos = System.nanoTime();
  private int steps;
  private double lossSum;
  private double gradNorm;
  private double learningRate;
  private final Map<String, Mean> figures = new LinkedHashMap<>();

  /**
   * No rows yet.
   *
   * @param listener hears of each
   * @param totalSteps the optimiser steps planned
   */
  Metrics(PhaseListener listener, long totalSteps) {
    this.listener = listener;
    this.totalSteps = totalSteps;
  }

  /**
   * A step was taken.
   *
   * @param sums its loss and figures
   * @param norm its gradients' norm before clipping
   * @param rate the rate of its update
   * @param tokens its tokens, padding not counted
   */
  void add(StepSums sums, double norm, double rate, long tokens) {
    steps++;
    lossSum += sums.loss();
    gradNorm = norm;
    learningRate = rate;
    numTokens += tokens;
    windowTokens += tokens;
    sums.figures().forEach((name, mean) -> figures.merge(name, mean, Mean::plus));
  }

  /** Adds a row of held-out figures. */
  void add(MetricsRow evaluation) {
    rows++;
    listener.metrics(evaluation);
  }

  /** Whether there are steps of which there is no row yet. */
  boolean hasSteps() {
    return steps > 0;
  }

  /** Adds the row of the steps since the last one. */
  void addRow(Step last) {
    long now = System.nanoTime();
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", last.index());
    values.put("epoch", last.epoch());
    values.put("loss", lossSum / steps);
    values.put("grad_norm", gradNorm);
    values.put("learning_rate", learningRate);
    values.put("num_tokens", numTokens);
    values.put("tokens_per_second", windowTokens * 1e9 / Math.max(1, now - windowStartNanos));
    figures.forEach((name, mean) -> values.put(name, mean.value()));
    windowStartNanos = now;
    windowTokens = 0;
    steps = 0;
    lossSum = 0;
    figures.clear();
    add(new MetricsRow(last.index(), totalSteps, values));
  }

  /** Time that is none of the steps'. */
  void leaveOut(long nanos) {
    windowStartNanos += nanos;
  }

  /** The tokens of all steps, padding not counted. */
  long numTokens() {
    return numTokens;
  }

  /** How many rows there are. */
  long rows() {
    return rows;
  }

  @Override
  public void save(StateWriter state) {
    state.put("rows", rows);
    state.put("num_tokens", numTokens);
    state.put("window_tokens", windowTokens);
    state.put("window_nanos", System.nanoTime() - windowStartNanos);
    state.put("steps", steps);
    state.put("loss_sum", lossSum);
    state.put("grad_norm", gradNorm);
    state.put("learning_rate", learningRate);
    StateWriter sums = state.part("figure_sums");
    StateWriter weights = state.part("figure_weights");
    figures.forEach(
        (name, mean) -> {
          sums.put(name, mean.sum());
          weights.put(name, mean.weight());
        });
  }

  @Override
  public void restore(StateReader state) {
    rows = state.number("rows");
    numTokens = state.number("num_tokens");
    windowTokens = state.number("window_tokens");
    windowStartNanos = System.nanoTime() - state.number("window_nanos");
    steps = (int) state.number("steps");
    lossSum = state.real("loss_sum");
    gradNorm = state.real("grad_norm");
    learningRate = state.real("learning_rate");
    figures.clear();
    StateReader sums = state.part("figure_sums");
    StateReader weights = state.part("figure_weights");
    sums.names().forEach(name -> figures.put(name, new Mean(sums.real(name), weights.real(name))));
  }
}
