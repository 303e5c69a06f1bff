package dev.polyphase.orchestrator.service;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.RunIndex;
import dev.polyphase.orchestrator.metrics.Metrics;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.orchestrator.queue.Worker;
import dev.polyphase.orchestrator.schedule.Schedules;
import dev.polyphase.orchestrator.service.watch.RunWatcher;
import dev.polyphase.orchestrator.service.watch.Snapshot;
import dev.polyphase.orchestrator.service.web.WebServer;
import dev.polyphase.orchestrator.service.web.WebSettings;
import java.io.IOException;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * The service: it starts what waits in the queue, submits what schedules say, watches the runs and
 * answers over HTTP. Runs are processes of their own, and no library that computes is loaded here.
 */
public final class Service implements AutoCloseable {
  private static final List<String> STATES =
      Arrays.stream(QueuedRun.State.values()).map(Service::word).toList();

  private final Worker worker;
  private final Schedules schedules;
  private final RunWatcher watcher;
  private final WebServer web;
  private final Metrics metrics = Metrics.of();

  /**
   * A service, which does nothing before {@link #start}.
   *
   * @param database which stays open when the service is closed
   * @param program makes the command that runs this program with some arguments
   * @param messages is told what the service does, a sentence each
   */
  public Service(
      ServiceSettings settings,
      Database database,
      UnaryOperator<List<String>> program,
      Clock clock,
      Consumer<String> messages) {
    RunQueue queue = new RunQueue(database, settings.home(), clock);
    worker = new Worker(queue, settings.devices(), program, Worker.Settings.telling(messages));
    schedules = new Schedules(database, queue);
    watcher =
        new RunWatcher(
            new RunIndex(database, settings.home()),
            queue,
            schedules,
            new MeteredRuns(metrics.runs(), clock),
            messages);
    metrics.disk(settings.home());
    metrics.queueDepth(STATES, state -> depth(watcher.latest(), state));
    web =
        new WebServer(
            new WebSettings(
                settings.host(),
                settings.port(),
                settings.token(),
                settings.version(),
                settings.devices(),
                database.postgresql() ? "postgresql" : "h2",
                settings.home(),
                settings.folder(),
                WebSettings.HEARTBEAT,
                WebSettings.PATIENCE),
            watcher,
            queue,
            schedules,
            metrics::scrape,
            program,
            clock,
            messages);
  }

  private static double depth(Snapshot latest, String state) {
    return latest.queue().stream().filter(entry -> word(entry.state()).equals(state)).count();
  }

  private static String word(QueuedRun.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Starts all of it; where it can't listen, nothing of it.
   *
   * @throws dev.polyphase.pipelines.problems.InputException where it can't listen, or others could
   *     change what is run
   */
  public void start() throws IOException {
    web.start();
    watcher.start();
    worker.start();
    schedules.start();
  }

  /** Where a browser finds it. */
  public String url() {
    return web.url();
  }

  /** Ends all of it: what runs is asked to stop with its state saved, and goes on with the next. */
  @Override
  public void close() {
    // Streams end when nothing is watched any more, and the server waits for them.
    watcher.close();
    web.close();
    try {
      schedules.close();
    } finally {
      worker.close();
      metrics.close();
    }
  }
}
