package dev.polyphase.orchestrator.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a run shows its metrics. */
final class MetricsOptions {
  @Option(
      names = "--metrics-port",
      paramLabel = "PORT",
      description =
          "Show metrics to Prometheus at http://127.0.0.1:PORT/metrics while the run goes; 0: at"
              + " any port that is free.")
  @Nullable Integer port;

  @Option(
      names = "--metrics-file",
      paramLabel = "FILE",
      description =
          "Write metrics to this file every 5 seconds, as node_exporter's textfile collector reads"
              + " them (*.prom).")
  @Nullable Path file;

  /** Whether anyone wants them. */
  boolean wanted() {
    return port != null || file != null;
  }
}
