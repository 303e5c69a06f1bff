package dev.polyphase.orchestrator.metrics;

import dev.polyphase.orchestrator.events.RunObserver;
import dev.polyphase.orchestrator.events.StampedEvent;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashMap;
import java.util.Map;

/**
 * The metrics of runs, made of their events: told by the run itself, or read from its log by
 * another process. Runs are told apart by their names.
 */
public final class RunMetrics implements RunObserver {
  private final MeterRegistry registry;
  private final Map<String, Metered> runs = new HashMap<>();

  private record Metered(RunSeries series, RunMeter meter) {}

  RunMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public synchronized void on(StampedEvent happened) {
    runs.computeIfAbsent(
            happened.run(),
            run -> {
              RunSeries series = new RunSeries(registry, run);
              return new Metered(series, new RunMeter(series));
            })
        .meter
        .on(happened);
  }

  /** Shows nothing more of a run, as of one that ended some time ago. */
  public synchronized void forget(String run) {
    Metered metered = runs.remove(run);
    if (metered != null) {
      metered.series.remove();
    }
  }
}
