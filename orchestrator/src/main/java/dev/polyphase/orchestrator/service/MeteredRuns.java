package dev.polyphase.orchestrator.service;

import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.orchestrator.index.IndexedRun;
import dev.polyphase.orchestrator.log.RunLog;
import dev.polyphase.orchestrator.metrics.RunMetrics;
import dev.polyphase.orchestrator.service.watch.RunWatcher;
import dev.polyphase.orchestrator.store.RunState;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Makes metrics of what is seen of runs; of one that ended some time ago nothing is shown. */
final class MeteredRuns implements RunWatcher.Listener {
  /** Whoever collects has been here meanwhile, and alerts have been seen. */
  private static final Duration SHOWN_FOR = Duration.ofHours(1);

  private final RunMetrics metrics;
  private final Clock clock;
  private final Map<String, Instant> ended = new HashMap<>();

  MeteredRuns(RunMetrics metrics, Clock clock) {
    this.metrics = metrics;
    this.clock = clock;
  }

  @Override
  public void lineAdded(IndexedRun run, String line) {
    RunLog.parse(line).ifPresent(this::happened);
  }

  @Override
  public void died(IndexedRun run) {
    happened(
        new StampedEvent(
            clock.instant(),
            run.name(),
            null,
            OptionalLong.empty(),
            OptionalDouble.empty(),
            new RunEvent.RunEnded(RunState.Status.FAILED, "its process is gone")));
  }

  private void happened(StampedEvent event) {
    metrics.on(event);
    if (event.event() instanceof RunEvent.RunEnded) {
      ended.put(event.run(), clock.instant());
    } else {
      ended.remove(event.run());
    }
    Instant longAgo = clock.instant().minus(SHOWN_FOR);
    ended
        .entrySet()
        .removeIf(
            run -> {
              boolean over = run.getValue().isBefore(longAgo);
              if (over) {
                metrics.forget(run.getKey());
              }
              return over;
            });
  }
}
