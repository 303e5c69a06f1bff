package dev.polyphase.orchestrator.metrics;

import dev.polyphase.orchestrator.machine.GpuLoad;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** All that Prometheus is told of this process, of runs that it knows of, and of the machine. */
public final class Metrics implements AutoCloseable {
  /** What {@link #scrape} is, as HTTP names it. */
  public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final RunMetrics runs = new RunMetrics(registry);
  private final MachineMetrics machine;

  Metrics(Supplier<List<GpuLoad>> gpus, LongSupplier nanoTime) {
    // A metric that is registered with other labels elsewhere would be missing without a word.
    registry.throwExceptionOnRegistrationFailure();
    machine = new MachineMetrics(registry, gpus, nanoTime);
  }

  /** Those of this process and machine; of runs once their events are told. */
  public static Metrics of() {
    return new Metrics(GpuLoad::all, System::nanoTime);
  }

  /** Makes metrics of runs' events. */
  public RunMetrics runs() {
    return runs;
  }

  /** Looks at the disk of a folder, which need not exist. */
  public void disk(Path folder) {
    machine.disk(folder);
  }

  /**
   * Shows how many entries of the queue there are.
   *
   * @param depth the number of entries in a state, asked whenever someone looks; it may be NaN
   */
  public void queueDepth(Collection<String> states, ToDoubleFunction<String> depth) {
    for (String state : states) {
      Gauge.builder(Metric.QUEUE_DEPTH.prometheusName(), () -> depth.applyAsDouble(state))
          .description(Metric.QUEUE_DEPTH.help())
          .tag(Metric.Label.STATE.word(), state)
          .register(registry);
    }
  }

  /** All of it as it is now, in Prometheus's text format. */
  public String scrape() {
    machine.look();
    return registry.scrape();
  }

  /** Watches the process no more. */
  @Override
  public void close() {
    machine.close();
    registry.close();
  }
}
