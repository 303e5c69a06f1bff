package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.metrics.Metrics;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.time.Instant;
import java.util.function.Supplier;

/** The service itself: what it is, whether it is well, what it measures. */
final class ServiceRoutes {
  private final WebSettings settings;
  private final Access access;
  private final Streams streams;
  private final Supplier<String> metrics;
  private final Instant started;

  ServiceRoutes(
      WebSettings settings,
      Access access,
      Streams streams,
      Supplier<String> metrics,
      Instant started) {
    this.settings = settings;
    this.access = access;
    this.streams = streams;
    this.metrics = metrics;
    this.started = started;
  }

  void addTo(RoutesConfig routes) {
    routes.get("/api/service", this::service);
    routes.get("/api/pipelines", this::pipelines);
    routes.get("/api/events", streams::all);
    routes.post("/api/login", access::login);
    routes.post("/api/logout", access::logout);
    routes.get("/metrics", this::metrics);
    routes.get("/healthz", request -> Answers.text(request, "ok"));
    routes.get("/openapi.json", PageFiles::description);
  }

  private void service(Context request) throws IOException {
    ObjectNode answer = Json.object();
    answer.put("version", settings.version());
    answer.put("started", started.toString());
    ArrayNode devices = answer.putArray("devices");
    settings.devices().forEach(devices::add);
    answer.put("database", settings.database());
    answer.put("home", settings.home().toString());
    answer.put("folder", settings.folder().toString());
    answer.put("token_required", access.tokenRequired());
    FileStore disk = Files.getFileStore(settings.folder());
    answer
        .putObject("disk")
        .put("free_bytes", disk.getUsableSpace())
        .put("total_bytes", disk.getTotalSpace());
    Answers.json(request, answer);
  }

  private void pipelines(Context request) throws IOException {
    ObjectNode answer = Json.object();
    ArrayNode list = answer.putArray("pipelines");
    for (PipelineFiles.Found found : new PipelineFiles(settings.folder(), settings.home()).find()) {
      list.addObject().put("path", found.path()).put("name", found.name());
    }
    Answers.json(request, answer);
  }

  private void metrics(Context request) {
    request.result(metrics.get()).contentType(Metrics.CONTENT_TYPE);
  }
}
