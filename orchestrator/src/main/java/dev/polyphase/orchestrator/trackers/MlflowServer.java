package dev.polyphase.orchestrator.trackers;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.trackers.MlflowFailure.Kind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of an MLflow server: its REST interface, version 2.0. It follows no redirects, so
 * that what is shown to the server is shown to no other.
 */
final class MlflowServer {
  /** Most figures that it takes at once. */
  static final int MOST_FIGURES = 1000;

  /** Most settings that it takes at once. */
  private static final int MOST_SETTINGS = 100;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern RUN_ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");
  private static final Pattern ERROR_CODE = Pattern.compile("[A-Z_]{1,60}");
  private static final String RUN_ID_KEY = "run_id";

  private final MlflowSettings settings;
  private final Duration timeout;
  private final HttpClient client;

  /**
   * A server.
   *
   * @param timeout how long an answer may take
   */
  MlflowServer(MlflowSettings settings, Duration timeout) {
    this.settings = settings;
    this.timeout = timeout;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(timeout)
            .build();
  }

  /**
   * A figure of a run.
   *
   * @param key its name
   */
  record Figure(String key, Number value, Instant time, long step) {}

  /** Whether a text is what the ids of runs look like. */
  static boolean isRunId(String text) {
    return RUN_ID.matcher(text).matches();
  }

  /** The id of the experiment, which is made if it is not there. */
  String experiment() throws MlflowFailure, InterruptedException {
    String name = settings.experiment();
    try {
      return text(
          get("experiments/get-by-name", "experiment_name", name), "/experiment/experiment_id");
    } catch (MlflowFailure e) {
      if (e.kind() != Kind.MISSING) {
        throw e;
      }
    }
    try {
      return text(post("experiments/create", object().put("name", name)), "/experiment_id");
    } catch (MlflowFailure e) {
      if (e.kind() == Kind.REFUSED) {
        // Another run may have made it a moment ago.
        return text(
            get("experiments/get-by-name", "experiment_name", name), "/experiment/experiment_id");
      }
      throw e;
    }
  }

  /**
   * Makes a run.
   *
   * @return its id
   */
  String createRun(String experiment, String name, Instant start, Map<String, String> tags)
      throws MlflowFailure, InterruptedException {
    ObjectNode body =
        object()
            .put("experiment_id", experiment)
            .put("run_name", name)
            .put("start_time", start.toEpochMilli());
    ArrayNode array = body.putArray("tags");
    tags.forEach((key, value) -> array.addObject().put("key", key).put("value", value));
    String id = text(post("runs/create", body), "/run/info/run_id");
    if (!isRunId(id)) {
      throw noMlflow();
    }
    return id;
  }

  /** The last step of each figure that a run has; empty where there is no such run any more. */
  Optional<Map<String, Long>> lastSteps(String runId) throws MlflowFailure, InterruptedException {
    JsonNode run;
    try {
      run = get("runs/get", RUN_ID_KEY, runId).path("run");
    } catch (MlflowFailure e) {
      if (e.kind() == Kind.MISSING) {
        return Optional.empty();
      }
      throw e;
    }
    if (!run.path("info").path(RUN_ID_KEY).asText().equals(runId)) {
      throw noMlflow();
    }
    if (run.path("info").path("lifecycle_stage").asText().equals("deleted")) {
      return Optional.empty();
    }
    Map<String, Long> steps = new HashMap<>();
    for (JsonNode metric : run.path("data").path("metrics")) {
      steps.put(metric.path("key").asText(), metric.path("step").asLong());
    }
    return Optional.of(steps);
  }

  /** Adds settings to a run, which can't be changed later. */
  void logSettings(String runId, List<Map.Entry<String, String>> all)
      throws MlflowFailure, InterruptedException {
    for (int from = 0; from < all.size(); from += MOST_SETTINGS) {
      ObjectNode body = object().put(RUN_ID_KEY, runId);
      ArrayNode params = body.putArray("params");
      for (Map.Entry<String, String> setting :
          all.subList(from, Math.min(all.size(), from + MOST_SETTINGS))) {
        params.addObject().put("key", setting.getKey()).put("value", setting.getValue());
      }
      post("runs/log-batch", body);
    }
  }

  /** Adds figures to a run, at most {@link #MOST_FIGURES}. */
  void logFigures(String runId, List<Figure> figures) throws MlflowFailure, InterruptedException {
    ObjectNode body = object().put(RUN_ID_KEY, runId);
    ArrayNode metrics = body.putArray("metrics");
    for (Figure figure : figures) {
      ObjectNode metric = metrics.addObject().put("key", figure.key());
      double value = figure.value().doubleValue();
      if (Double.isFinite(value)) {
        metric.put("value", value);
      } else {
        // JSON has no word for these, and its mapping of protocol buffers takes Java's.
        metric.put("value", Double.toString(value));
      }
      metric.put("timestamp", figure.time().toEpochMilli()).put("step", figure.step());
    }
    post("runs/log-batch", body);
  }

  /**
   * Says where a run stands.
   *
   * @param end when it ended; null where it goes on
   */
  void update(String runId, String status, @Nullable Instant end)
      throws MlflowFailure, InterruptedException {
    ObjectNode body = object().put(RUN_ID_KEY, runId).put("status", status);
    if (end != null) {
      body.put("end_time", end.toEpochMilli());
    }
    post("runs/update", body);
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  private JsonNode get(String path, String parameter, String value)
      throws MlflowFailure, InterruptedException {
    String query = "?" + parameter + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
    return answer(request(path + query).GET().build());
  }

  private JsonNode post(String path, ObjectNode body) throws MlflowFailure, InterruptedException {
    return answer(
        request(path)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body.toString()))
            .build());
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(settings.server() + "/api/2.0/mlflow/" + path))
            .header("User-Agent", "polyphase");
    settings.access().ifPresent(access -> request.header("Authorization", access.header()));
    return request;
  }

  private JsonNode answer(HttpRequest request) throws MlflowFailure, InterruptedException {
    CompletableFuture<HttpResponse<byte[]>> coming =
        client.sendAsync(request, info -> new ShortBody());
    HttpResponse<byte[]> response;
    try {
      response = coming.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new MlflowFailure(
          Kind.PASSES, "gives no answer within %d s".formatted(Math.max(1, timeout.toSeconds())));
    } catch (ExecutionException e) {
      throw unreachable(e.getCause());
    } finally {
      // Of one that was not waited for, nothing goes on.
      coming.cancel(true);
    }
    JsonNode body = parsed(response.body());
    if (response.statusCode() == 200) {
      if (!body.isObject()) {
        throw noMlflow();
      }
      return body;
    }
    throw refusal(response.statusCode(), body);
  }

  private static MlflowFailure unreachable(@Nullable Throwable cause) {
    if (cause instanceof ShortBody.TooLongException) {
      return noMlflow();
    }
    return new MlflowFailure(
        Kind.PASSES,
        cause instanceof ConnectException ? "can't be reached" : "cuts the connection");
  }

  /** Its own words are not repeated: they could hold what was shown to it. */
  private static MlflowFailure refusal(int status, JsonNode body) {
    String code = body.path("error_code").asText();
    String known = ERROR_CODE.matcher(code).matches() ? " " + code : "";
    Kind kind =
        switch (status) {
          case 401, 403, 407 -> Kind.SHUT_OUT;
          case 404 -> code.equals("RESOURCE_DOES_NOT_EXIST") ? Kind.MISSING : Kind.PASSES;
          case 408, 429 -> Kind.PASSES;
          default -> status >= 400 && status < 500 ? Kind.REFUSED : Kind.PASSES;
        };
    return new MlflowFailure(kind, "answers with status " + status + known);
  }

  private static MlflowFailure noMlflow() {
    return new MlflowFailure(Kind.PASSES, "answers as no MLflow server does");
  }

  private static JsonNode parsed(byte[] body) {
    try {
      return JSON.readTree(body);
    } catch (JacksonException e) {
      return MissingNode.getInstance();
    } catch (IOException e) {
      throw new IllegalStateException("bytes in memory are read", e);
    }
  }

  private static String text(JsonNode answer, String place) throws MlflowFailure {
    String text = answer.at(place).asText();
    if (text.isEmpty() || text.length() > 100) {
      throw noMlflow();
    }
    return text;
  }
}
