package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.schedule.Schedule;
import dev.polyphase.orchestrator.schedule.Schedules;
import dev.polyphase.orchestrator.service.watch.RunWatcher;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The schedules: what there are, and how they are made, paused and removed. */
final class ScheduleRoutes {
  private static final Set<String> KEYS =
      Set.of(
          "name", "pipeline", "cron", "timezone", "missed", "set", "output", "priority", "device");

  private final Schedules schedules;
  private final RunWatcher watcher;
  private final Places places;

  ScheduleRoutes(Schedules schedules, RunWatcher watcher, Places places) {
    this.schedules = schedules;
    this.watcher = watcher;
    this.places = places;
  }

  void addTo(RoutesConfig routes) {
    routes.get("/api/schedules", this::list);
    routes.post("/api/schedules", this::add);
    routes.post("/api/schedules/{name}/pause", request -> change(request, schedules::pause));
    routes.post("/api/schedules/{name}/resume", request -> change(request, schedules::resume));
    routes.post("/api/schedules/{name}/run", this::runNow);
    routes.delete("/api/schedules/{name}", this::remove);
  }

  private void list(Context request) {
    ObjectNode answer = Json.object();
    ArrayNode list = answer.putArray("schedules");
    schedules.all().forEach(schedule -> list.add(Json.schedule(schedule)));
    Answers.json(request, answer);
  }

  private void add(Context request) throws IOException {
    ObjectNode body = Bodies.object(request);
    Bodies.requireKnown(body, KEYS);
    Schedule added =
        schedules.add(
            Schedule.of(
                Bodies.required(body, "name"),
                places.path(Bodies.required(body, "pipeline"), "pipeline"),
                Bodies.required(body, "cron"),
                zone(Bodies.text(body, "timezone")),
                missed(Bodies.text(body, "missed")),
                Bodies.texts(body, "set"),
                places.output(body),
                Bodies.number(body, "priority"),
                Bodies.text(body, "device")));
    request.status(201);
    Answers.json(request, Json.schedule(added));
    watcher.look();
  }

  private static ZoneId zone(@Nullable String text) {
    try {
      return text == null ? ZoneId.systemDefault() : ZoneId.of(text);
    } catch (DateTimeException e) {
      throw new Refusal(
          Refusal.WRONG_INPUT, "timezone: there is no " + text + "; name one as Europe/Vienna");
    }
  }

  private static Schedule.Missed missed(@Nullable String text) {
    return switch (text == null ? "once" : text) {
      case "once" -> Schedule.Missed.ONCE;
      case "skip" -> Schedule.Missed.SKIP;
      default -> throw new Refusal(Refusal.WRONG_INPUT, "missed is " + text + "; once or skip");
    };
  }

  private String known(Context request) {
    String name = request.pathParam("name");
    if (schedules.all().stream().noneMatch(schedule -> schedule.name().equals(name))) {
      throw new Refusal(Refusal.NOT_FOUND, "there is no schedule of this name");
    }
    return name;
  }

  private void change(Context request, Function<String, Schedule> change) {
    Bodies.requireKnown(Bodies.object(request), Set.of());
    Answers.json(request, Json.schedule(change.apply(known(request))));
    watcher.look();
  }

  private void runNow(Context request) throws IOException {
    Bodies.requireKnown(Bodies.object(request), Set.of());
    Answers.json(request, Json.queued(schedules.runNow(known(request))));
    watcher.look();
  }

  private void remove(Context request) {
    schedules.remove(known(request));
    request.status(204);
    watcher.look();
  }
}
