package dev.polyphase.orchestrator.metrics;

import dev.polyphase.orchestrator.metrics.Metric.Label;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** The series of one run. Each is there from its first value on. */
final class RunSeries {
  private final MeterRegistry registry;
  private final String run;
  private final Map<Key, Series> series = new HashMap<>();
  private String phase = "";
  private String type = "";

  private record Key(Metric metric, List<String> labels) {}

  private record Series(Cell cell, Meter meter) {}

  RunSeries(MeterRegistry registry, String run) {
    this.registry = registry;
    this.run = run;
  }

  /**
   * What is set from here on is of a phase. What the one before was at is shown no more; what was
   * counted of it is.
   */
  void enter(String phaseName, String phaseType) {
    phase = phaseName;
    type = phaseType;
    remove(
        key -> key.metric.type() == Metric.Type.GAUGE && key.metric.labels().contains(Label.PHASE));
  }

  /** The value of a metric, of the phase where it has one. */
  Cell of(Metric metric) {
    List<String> labels =
        metric.labels().stream()
            .map(
                label ->
                    switch (label) {
                      case RUN -> run;
                      case PHASE -> phase;
                      case TYPE -> type;
                      case STATE, GPU, FOLDER ->
                          throw new IllegalArgumentException(metric + " is not of a run");
                    })
            .toList();
    return series.computeIfAbsent(
            new Key(metric, labels),
            key -> {
              Cell cell = new Cell();
              return new Series(cell, metric.register(registry, labels, cell));
            })
        .cell;
  }

  /** Shows nothing more of it. */
  void remove() {
    remove(key -> true);
  }

  private void remove(Predicate<Key> which) {
    series
        .entrySet()
        .removeIf(
            entry -> {
              boolean goes = which.test(entry.getKey());
              if (goes) {
                registry.remove(entry.getValue().meter);
              }
              return goes;
            });
  }
}
