package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.orchestrator.queue.Submission;
import dev.polyphase.orchestrator.service.watch.RunWatcher;
import dev.polyphase.pipelines.problems.InputException;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/** The queue: what is in it, and what is put in and taken out. */
final class QueueRoutes {
  private static final Set<String> KEYS =
      Set.of("pipeline", "yaml", "folder", "set", "output", "after", "priority", "device");

  private final RunQueue queue;
  private final RunWatcher watcher;
  private final Places places;

  QueueRoutes(RunQueue queue, RunWatcher watcher, Places places) {
    this.queue = queue;
    this.watcher = watcher;
    this.places = places;
  }

  void addTo(RoutesConfig routes) {
    routes.get("/api/queue", this::list);
    routes.post("/api/queue", this::submit);
    routes.post("/api/queue/{number}/cancel", request -> change(request, queue::cancel));
    routes.post("/api/queue/{number}/stop", request -> change(request, queue::stop));
    routes.post("/api/queue/{number}/resume", request -> change(request, queue::resume));
  }

  private void list(Context request) {
    ObjectNode answer = Json.object();
    ArrayNode entries = answer.putArray("entries");
    queue.all().forEach(entry -> entries.add(Json.queued(entry)));
    Answers.json(request, answer);
  }

  private void submit(Context request) throws IOException {
    ObjectNode body = Bodies.object(request);
    Bodies.requireKnown(body, KEYS);
    Places.Source source = places.source(body);
    Submission submission =
        new Submission(
            source.pipeline(),
            Bodies.texts(body, "set"),
            places.output(body),
            Bodies.text(body, "after"),
            Bodies.number(body, "priority"),
            Bodies.text(body, "device"),
            null);
    QueuedRun entry =
        source.text().isPresent()
            ? queue.submit(submission, source.text().get())
            : queue.submit(submission);
    request.status(201);
    Answers.json(request, Json.queued(entry));
    watcher.look();
  }

  private void change(Context request, LongFunction<QueuedRun> change) {
    Bodies.requireKnown(Bodies.object(request), Set.of());
    String text = request.pathParam("number");
    long number = text.matches("\\d{1,18}") ? Long.parseLong(text) : 0;
    if (queue.find(number).isEmpty()) {
      throw new Refusal(Refusal.NOT_FOUND, "the queue has no run with this number");
    }
    Answers.json(request, Json.queued(orConflict(() -> change.apply(number))));
    watcher.look();
  }

  /** What a change makes of an entry; that it can't be is said as the conflict that it is. */
  static QueuedRun orConflict(Supplier<QueuedRun> change) {
    try {
      return change.get();
    } catch (InputException e) {
      throw new Refusal(Refusal.CONFLICT, e.problems());
    }
  }
}
