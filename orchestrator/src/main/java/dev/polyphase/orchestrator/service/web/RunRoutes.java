package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.index.KnownFolders;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.orchestrator.queue.Submission;
import dev.polyphase.orchestrator.service.watch.RunReports;
import dev.polyphase.orchestrator.service.watch.RunRow;
import dev.polyphase.orchestrator.service.watch.RunWatcher;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.pipelines.problems.InputException;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Runs: what they are, what they chose, and how they are stopped and resumed. */
final class RunRoutes {
  private final RunWatcher watcher;
  private final RunReports reports;
  private final RunQueue queue;
  private final KnownFolders known;

  /**
   * The routes.
   *
   * @param known knows what the paths of runs' pipelines are relative to
   */
  RunRoutes(RunWatcher watcher, RunReports reports, RunQueue queue, KnownFolders known) {
    this.known = known;
    this.watcher = watcher;
    this.reports = reports;
    this.queue = queue;
  }

  void addTo(RoutesConfig routes) {
    routes.get("/api/runs", this::list);
    routes.get("/api/runs/{id}", this::detail);
    routes.get("/api/runs/{id}/report", this::report);
    routes.get("/api/runs/{id}/figure.svg", this::figure);
    routes.post("/api/runs/{id}/stop", this::stop);
    routes.post("/api/runs/{id}/resume", this::resume);
  }

  private void list(Context request) {
    ObjectNode answer = Json.object();
    ArrayNode runs = answer.putArray("runs");
    watcher.latest().runs().forEach(run -> runs.add(Json.run(run)));
    Answers.json(request, answer);
  }

  /**
   * The run that a request is about. No path is made of what was asked: it is one of the ids that
   * are known, or none.
   */
  static RunRow run(RunWatcher watcher, Context request) {
    return watcher
        .latest()
        .run(request.pathParam("id"))
        .orElseThrow(
            () -> new Refusal(Refusal.NOT_FOUND, "there is no run with this id; it may be gone"));
  }

  private void detail(Context request) {
    Answers.json(request, RunDetail.of(run(watcher, request), reports));
  }

  private void report(Context request) throws IOException {
    RunRow run = run(watcher, request);
    try {
      request.result(reports.json(new RunFolder(run.folder()))).contentType("application/json");
    } catch (InputException e) {
      throw new Refusal(Refusal.NOT_FOUND, e.problems());
    }
  }

  private void figure(Context request) throws IOException {
    RunRow run = run(watcher, request);
    RunFolder folder = new RunFolder(run.folder());
    try {
      String tag = "\"" + reports.tag(folder) + "\"";
      request.header("ETag", tag);
      request.header("Cache-Control", "no-cache");
      if (tag.equals(request.header("If-None-Match"))) {
        request.status(304);
        return;
      }
      request.result(reports.figure(folder).svg()).contentType("image/svg+xml");
    } catch (InputException e) {
      throw new Refusal(Refusal.NOT_FOUND, e.problems());
    }
  }

  private void stop(Context request) {
    Bodies.requireKnown(Bodies.object(request), Set.of());
    RunRow run = run(watcher, request);
    @Nullable Long number = run.queueNumber();
    if (number == null) {
      throw new Refusal(
          Refusal.CONFLICT,
          run.name() + " was not started by the queue; stop it where it was started");
    }
    Answers.json(request, Json.queued(QueueRoutes.orConflict(() -> queue.stop(number))));
    watcher.look();
  }

  private void resume(Context request) throws IOException {
    Bodies.requireKnown(Bodies.object(request), Set.of());
    RunRow run = run(watcher, request);
    if (run.alive()) {
      throw new Refusal(Refusal.CONFLICT, run.name() + " runs; there is nothing to resume");
    }
    if (run.status() == RunRow.Status.FINISHED) {
      throw new Refusal(Refusal.CONFLICT, run.name() + " is finished; there is nothing to resume");
    }
    Answers.json(request, Json.queued(resumed(run)));
    watcher.look();
  }

  private QueuedRun resumed(RunRow run) throws IOException {
    @Nullable Long number = run.queueNumber();
    Optional<QueuedRun> entry = number == null ? Optional.empty() : queue.find(number);
    if (entry.isPresent() && entry.get().state() != QueuedRun.State.FINISHED) {
      return QueueRoutes.orConflict(() -> queue.resume(entry.get().number()));
    }
    Path text = new RunFolder(run.folder()).pipelineYaml();
    Path seenFrom = known.pipelineFolder(run.folder()).orElse(run.folder());
    return queue.submit(
        new Submission(
            seenFrom.resolve("pipeline.yaml"),
            List.of(),
            run.folder().getParent(),
            null,
            0,
            null,
            null),
        PipelineReader.text(text));
  }
}
