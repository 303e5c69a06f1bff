package dev.polyphase.orchestrator.metrics;

import dev.polyphase.orchestrator.events.Level;
import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.MetricsRow;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes figures of one run's events. */
final class RunMeter {
  /** By the keys of {@code metrics.jsonl}. */
  private static final Map<String, Metric> FIGURES =
      Map.ofEntries(
          Map.entry("epoch", Metric.TRAIN_EPOCH),
          Map.entry("loss", Metric.TRAIN_LOSS),
          Map.entry("grad_norm", Metric.TRAIN_GRAD_NORM),
          Map.entry("learning_rate", Metric.TRAIN_LEARNING_RATE),
          Map.entry("tokens_per_second", Metric.TRAIN_TOKENS_PER_SECOND),
          Map.entry("rewards/chosen", Metric.TRAIN_REWARD_CHOSEN),
          Map.entry("rewards/rejected", Metric.TRAIN_REWARD_REJECTED),
          Map.entry("rewards/margins", Metric.TRAIN_REWARD_MARGIN),
          Map.entry("rewards/accuracies", Metric.TRAIN_REWARD_ACCURACY),
          Map.entry("eval_loss", Metric.EVAL_LOSS),
          Map.entry("eval_rewards/margins", Metric.EVAL_REWARD_MARGIN),
          Map.entry("eval_rewards/accuracies", Metric.EVAL_REWARD_ACCURACY));

  private final RunSeries series;
  private long steps;
  private double tokens;

  /** When the latest step began, as far as it is known. */
  private @Nullable Instant stepBegan;

  private @Nullable Instant scanBegan;

  RunMeter(RunSeries series) {
    this.series = series;
  }

  void on(StampedEvent happened) {
    RunEvent event = happened.event();
    series.of(Metric.RUN_LAST_PROGRESS).set(seconds(happened.time()));
    if (event instanceof RunEvent.RunStarted started) {
      series.of(Metric.RUN_RUNNING).set(1);
      series.of(Metric.RUN_PHASES).set(started.phases());
      // A counter that appears with its first count looks to Prometheus as if it had not risen.
      series.of(Metric.RUN_FAILURES).add(0);
      series.of(Metric.RUN_WARNINGS).add(0);
    } else if (event instanceof RunEvent.PhaseStarted started) {
      phaseStarted(started);
    } else if (event instanceof RunEvent.PhaseResumed resumed) {
      steps = resumed.step();
      tokens = (double) resumed.tokens();
      // What passed since the latest step is no step's time.
      stepBegan = null;
    } else if (event instanceof RunEvent.ScanStarted scan) {
      scanBegan = happened.time();
      series.of(Metric.SCAN_MODULES).set(scan.modules());
      series.of(Metric.SCAN_MODULES_DONE).set(0);
    } else if (event instanceof RunEvent.Scanned scanned) {
      scanned(scanned, happened);
    } else if (event instanceof RunEvent.Measured measured) {
      measured(measured, happened);
    } else if (event instanceof RunEvent.Saved saved) {
      series.of(Metric.CHECKPOINT_SECONDS).observe(1, saved.checkpoint().stoodStillSeconds());
      series.of(Metric.CHECKPOINT_BYTES).set((double) saved.checkpoint().bytes());
      stepBegan = stepBegan == null ? null : happened.time();
    } else if (asksForAttention(event)) {
      series.of(Metric.RUN_WARNINGS).add(1);
    } else if (event instanceof RunEvent.RunEnded ended) {
      series.of(Metric.RUN_RUNNING).set(0);
      series.of(Metric.RUN_FAILURES).add(ended.status() == RunState.Status.FAILED ? 1 : 0);
    }
  }

  private void phaseStarted(RunEvent.PhaseStarted started) {
    series.enter(started.phase(), started.type());
    series.of(Metric.PHASE_INDEX).set(started.index() + 1);
    series.of(Metric.TRAIN_STEPS).add(0);
    series.of(Metric.TRAIN_TOKENS).add(0);
    steps = 0;
    tokens = 0;
    stepBegan = null;
  }

  private void scanned(RunEvent.Scanned scanned, StampedEvent happened) {
    series.of(Metric.SCAN_MODULES).set(scanned.total());
    series.of(Metric.SCAN_MODULES_DONE).set(scanned.done());
    happened.secondsLeft().ifPresent(left -> series.of(Metric.SCAN_SECONDS_LEFT).set(left));
    if (scanned.done() == scanned.total() && scanBegan != null) {
      series.of(Metric.SCAN_SECONDS).observe(1, between(scanBegan, happened.time()));
      scanBegan = null;
    }
    stepBegan = stepBegan == null ? null : happened.time();
  }

  private void measured(RunEvent.Measured measured, StampedEvent happened) {
    MetricsRow row = measured.row();
    row.values()
        .forEach(
            (key, value) -> {
              Metric metric = FIGURES.get(key);
              // Rows of held-out figures have an epoch too.
              if (metric != null && (measured.isStep() || key.startsWith("eval_"))) {
                series.of(metric).set(value.doubleValue());
              }
            });
    if (measured.isStep()) {
      series.of(Metric.TRAIN_PLANNED_STEPS).set((double) row.totalSteps());
      happened.secondsLeft().ifPresent(left -> series.of(Metric.PHASE_SECONDS_LEFT).set(left));
      long more = Math.max(0, row.step() - steps);
      series.of(Metric.TRAIN_STEPS).add((double) more);
      if (stepBegan != null && more > 0) {
        double took = between(stepBegan, happened.time());
        series.of(Metric.TRAIN_STEP_SECONDS).observe(more, took);
      }
      steps = row.step();
      double allTokens = row.values().getOrDefault("num_tokens", tokens).doubleValue();
      series.of(Metric.TRAIN_TOKENS).add(Math.max(0, allTokens - tokens));
      tokens = allTokens;
      stepBegan = happened.time();
    } else {
      stepBegan = stepBegan == null ? null : happened.time();
    }
  }

  private static boolean asksForAttention(RunEvent event) {
    return (event instanceof RunEvent.Said said && said.level() == Level.WARN)
        || (event instanceof RunEvent.Noted noted && noted.level() == Level.WARN);
  }

  private static double seconds(Instant time) {
    return time.toEpochMilli() / 1000.0;
  }

  /** Clocks may be set back. */
  private static double between(Instant began, Instant ended) {
    return Math.max(0, Duration.between(began, ended).toNanos() / 1e9);
  }
}
