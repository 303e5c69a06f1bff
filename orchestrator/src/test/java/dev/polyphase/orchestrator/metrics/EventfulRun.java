package dev.polyphase.orchestrator.metrics;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.orchestrator.events.Level;
import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.events.RunObserver;
import dev.polyphase.orchestrator.machine.GpuLoad;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.SavedCheckpoint;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** A run to which everything happens, half a second after half a second. */
final class EventfulRun {
  static final Instant BEGAN = Instant.parse("2026-01-02T03:04:05Z");

  private long halves;
  private final RunEvents events;

  EventfulRun(String name, RunObserver... observers) {
    Clock clock =
        new Clock() {
          @Override
          public ZoneId getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(ZoneId zone) {
            return this;
          }

          @Override
          public Instant instant() {
            return BEGAN.plusMillis(500 * halves);
          }
        };
    events = new RunEvents(name, clock, () -> 500_000_000L * halves);
    for (RunObserver observer : observers) {
      events.add("an observer", observer);
    }
  }

  /** Metrics of a machine with two GPUs, to which everything has happened. */
  static Metrics metrics(Path folder) {
    Metrics metrics =
        new Metrics(
            () ->
                List.of(
                    new GpuLoad(0, 1 << 30, 80L << 30, OptionalDouble.of(0.93)),
                    new GpuLoad(1, 0, 80L << 30, OptionalDouble.empty())),
            () -> 0);
    metrics.disk(folder);
    metrics.queueDepth(List.of("waiting", "running"), state -> state.length());
    new EventfulRun("three", metrics.runs()).happen();
    return metrics;
  }

  /** Two steps of a phase that goes on after its third, then one that prefers. */
  void happen() {
    begin();
    tell(new RunEvent.PhaseFinished(result(5)));
    tell(new RunEvent.PhaseStarted(1, 2, "two", "dpo"));
    tell(row(1, 70, "loss", 0.7, "learning_rate", 1e-5, "rewards/chosen", 0.5));
    tell(
        row(
            2,
            140,
            "loss",
            Double.NaN,
            "grad_norm",
            0.5,
            "learning_rate",
            1e-5,
            "rewards/chosen",
            0.5,
            "rewards/rejected",
            -0.5,
            "rewards/margins",
            1.0,
            "rewards/accuracies",
            0.75));
    tell(
        measured(
            2, "eval_loss", 0.25, "eval_rewards/margins", 2.0, "eval_rewards/accuracies", 1.0));
    tell(new RunEvent.ScanStarted(2, 4));
    tell(new RunEvent.Scanned(2, 2, 4, 10, 20));
    tell(new RunEvent.Saved(new SavedCheckpoint(Path.of("x"), 2, 2048, 0.5)));
    tell(new RunEvent.RunEnded(RunState.Status.FAILED, "no room"));
  }

  /** Up to the end of the first phase's steps. */
  void begin() {
    tell(new RunEvent.PhaseChecking(0, 2, "one"));
    tell(
        new RunEvent.Reading(
            new ReadingListener.Progress("a.jsonl", 7, 70, OptionalDouble.empty())));
    tell(new RunEvent.Said(Level.WARN, "beware"));
    tell(new RunEvent.RunStarted(true, 2));
    tell(new RunEvent.PhaseStarted(0, 2, "one", "sft"));
    tell(new RunEvent.ScanStarted(0, 2));
    tell(new RunEvent.Scanned(0, 1, 2, 10, 20));
    tell(new RunEvent.Scanned(0, 2, 2, 20, 20));
    tell(new RunEvent.Selected(12));
    tell(new RunEvent.PhaseResumed(3, 300));
    tell(row(4, 400, "loss", 2.0, "grad_norm", 1.5, "learning_rate", 1e-4));
    tell(new RunEvent.Saved(new SavedCheckpoint(Path.of("x"), 4, 1024, 0.25)));
    tell(row(5, 500, "loss", 1.0, "grad_norm", 1.25, "learning_rate", 1e-4));
    tell(measured(5, "eval_loss", 1.5));
  }

  void tell(RunEvent event) {
    events.tell(event);
    halves++;
  }

  /** A step. */
  static RunEvent row(long step, long tokens, Object... figures) {
    Object[] all = new Object[figures.length + 6];
    List<Object> more =
        List.of("epoch", step / 5.0, "num_tokens", tokens, "tokens_per_second", 200.0);
    System.arraycopy(figures, 0, all, 0, figures.length);
    System.arraycopy(more.toArray(), 0, all, figures.length, 6);
    return measured(step, all);
  }

  private static RunEvent measured(long step, Object... figures) {
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", step);
    for (int i = 0; i < figures.length; i += 2) {
      values.put((String) figures[i], (Number) figures[i + 1]);
    }
    return new RunEvent.Measured(new MetricsRow(step, 5, values));
  }

  private static PhaseResult result(long steps) {
    return new PhaseResult(steps, 500, 2, 100, 100, 90, null, 3, null, null, null, null);
  }
}
