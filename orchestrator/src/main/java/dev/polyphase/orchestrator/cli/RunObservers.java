package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.RunRequest;
import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.index.KnownFolders;
import dev.polyphase.orchestrator.log.RunLog;
import dev.polyphase.orchestrator.metrics.Metrics;
import dev.polyphase.orchestrator.metrics.MetricsFile;
import dev.polyphase.orchestrator.metrics.MetricsServer;
import dev.polyphase.orchestrator.trackers.Trackers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/** Who hears of a run beside the terminal, from before it begins until it has ended. */
final class RunObservers implements AutoCloseable {
  /** The last one first: what one says of its end is heard by those before it. */
  private final Deque<Runnable> closing = new ArrayDeque<>();

  private RunObservers() {}

  /**
   * Adds them to those who hear of a run.
   *
   * @param environment where trackers are
   * @param known where it is remembered, once it has a folder
   * @throws dev.polyphase.pipelines.problems.InputException where the metrics can't be shown as
   *     asked, or a tracker is not there
   */
  static RunObservers of(
      RunEvents events,
      RunRequest request,
      MetricsOptions options,
      Map<String, String> environment,
      KnownFolders known)
      throws IOException {
    RunObservers observers = new RunObservers();
    try {
      events.add(
          "the list of runs",
          happened -> {
            if (happened.event() instanceof RunEvent.RunStarted) {
              known.add(request.run().path(), request.folder());
            }
          });
      observers.log(events, request);
      if (options.wanted()) {
        observers.metrics(events, request, options);
      }
      Trackers trackers = Trackers.hearing(events, request.pipeline(), request.run(), environment);
      observers.closing.push(trackers::close);
      return observers;
    } catch (IOException | RuntimeException e) {
      observers.close();
      throw e;
    }
  }

  private void log(RunEvents events, RunRequest request) {
    RunLog log = new RunLog(request.run(), System::nanoTime, events::warn);
    events.add("the log " + request.run().logJsonl(), log);
    closing.push(
        () -> {
          // What it says of itself now could not be written to it.
          events.remove(log);
          log.close();
        });
  }

  private void metrics(RunEvents events, RunRequest request, MetricsOptions options)
      throws IOException {
    Metrics metrics = Metrics.of();
    closing.push(metrics::close);
    metrics.disk(request.outputDir());
    events.add("the metrics", metrics.runs());
    Path file = options.file;
    if (file != null) {
      MetricsFile written = new MetricsFile(file, metrics, events::warn);
      closing.push(written::close);
      events.add("the metrics in " + file, written);
    }
    Integer port = options.port;
    if (port != null) {
      MetricsServer server = MetricsServer.start(port, metrics);
      closing.push(server::close);
      events.say("metrics: " + server.address());
    }
  }

  /** Lets go of what they hold. */
  @Override
  public void close() {
    while (!closing.isEmpty()) {
      closing.pop().run();
    }
  }
}
