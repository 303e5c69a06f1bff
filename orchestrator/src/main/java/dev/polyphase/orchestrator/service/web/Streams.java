package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.service.watch.RunRow;
import dev.polyphase.orchestrator.service.watch.RunWatcher;
import dev.polyphase.orchestrator.service.watch.Snapshot;
import io.javalin.http.Context;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;

/**
 * Those who listen, each on the thread of its request. Nothing is kept for them: each compares what
 * it said last with what there is now, so who is slow hears less often and costs no more.
 */
final class Streams {
  static final int MOST = 200;

  private final RunWatcher watcher;
  private final Duration heartbeat;
  private final Semaphore free = new Semaphore(MOST);

  /**
   * Streams of what a watcher sees.
   *
   * @param heartbeat how long a line is silent at most
   */
  Streams(RunWatcher watcher, Duration heartbeat) {
    this.watcher = watcher;
    this.heartbeat = heartbeat;
  }

  /** What is said on a stream until its line is cut. */
  @FunctionalInterface
  interface Telling {
    void tell(EventStream stream) throws IOException, InterruptedException;
  }

  /** Keeps a request open as a stream. */
  void open(Context request, Telling telling) {
    if (!free.tryAcquire()) {
      throw new Refusal(
          Refusal.BUSY, "%d pages are watching already, which is the most".formatted(MOST));
    }
    try {
      telling.tell(new EventStream(request));
    } catch (IOException e) {
      // The line was cut, which is how most streams end.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      free.release();
    }
  }

  /** How many listen. */
  int listening() {
    return MOST - free.availablePermits();
  }

  /** {@code GET /api/events}: what has changed, and the runs that run. */
  void all(Context request) {
    open(request, this::tellAll);
  }

  private void tellAll(EventStream stream) throws IOException, InterruptedException {
    Snapshot said = watcher.latest();
    Map<String, RunRow> running = new HashMap<>();
    stream.send("change", null, change(true, true, true));
    sendRunning(stream, said, running);
    while (!watcher.closed()) {
      Snapshot now = watcher.awaitOther(said, heartbeat);
      if (now.number() == said.number()) {
        stream.ping();
        continue;
      }
      boolean runs = !statesOf(now.runs()).equals(statesOf(said.runs()));
      boolean queue = !now.queue().equals(said.queue());
      boolean schedules = !now.schedules().equals(said.schedules());
      if (runs || queue || schedules) {
        stream.send("change", null, change(runs, queue, schedules));
      }
      sendRunning(stream, now, running);
      said = now;
    }
  }

  /** What a list of runs has to be read anew for: a step of one that runs is sent with it. */
  private static List<String> statesOf(List<RunRow> runs) {
    return runs.stream()
        .map(
            run ->
                String.join(
                    " ",
                    run.id(),
                    run.status().name(),
                    Boolean.toString(run.alive()),
                    String.valueOf(run.started()),
                    String.valueOf(run.phase()),
                    Integer.toString(run.finishedPhases()),
                    String.valueOf(run.message()),
                    String.valueOf(run.queueNumber())))
        .toList();
  }

  private static void sendRunning(EventStream stream, Snapshot now, Map<String, RunRow> running)
      throws IOException {
    for (RunRow run : now.runs()) {
      boolean ended = running.containsKey(run.id());
      if ((run.alive() || ended) && !run.equals(running.put(run.id(), run))) {
        stream.send("run", null, Json.run(run));
      }
      if (!run.alive()) {
        running.remove(run.id());
      }
    }
  }

  private static ObjectNode change(boolean runs, boolean queue, boolean schedules) {
    return Json.object().put("runs", runs).put("queue", queue).put("schedules", schedules);
  }

  Duration heartbeat() {
    return heartbeat;
  }
}
