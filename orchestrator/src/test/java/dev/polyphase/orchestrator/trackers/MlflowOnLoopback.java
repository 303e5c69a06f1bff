package dev.polyphase.orchestrator.trackers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * An MLflow server on this machine, as its REST interface is described; and one that does something
 * else when it is told to.
 */
final class MlflowOnLoopback implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A run that it has. */
  static final class Run {
    final String experiment;
    final String name;
    final Map<String, String> tags = new TreeMap<>();
    final Map<String, String> params = new TreeMap<>();

    /** {@code KEY STEP VALUE}, in the order in which they came. */
    final List<String> metrics = Collections.synchronizedList(new ArrayList<>());

    volatile String status = "RUNNING";
    volatile boolean ended;

    Run(String experiment, String name) {
      this.experiment = experiment;
      this.name = name;
    }
  }

  /** Something other than an answer. */
  interface Reaction {
    /**
     * Does it.
     *
     * @return whether the usual answer follows
     */
    boolean to(HttpExchange exchange) throws IOException, InterruptedException;
  }

  final Map<String, Run> runs = Collections.synchronizedMap(new LinkedHashMap<>());

  /** The headers {@code Authorization} that came. */
  final List<String> shown = Collections.synchronizedList(new ArrayList<>());

  final List<Integer> batches = Collections.synchronizedList(new ArrayList<>());
  final List<String> asked = Collections.synchronizedList(new ArrayList<>());
  volatile Reaction reaction = exchange -> true;
  private final Map<String, String> experiments = new TreeMap<>();
  private final CountDownLatch released = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;

  MlflowOnLoopback() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** The run of that name; the last one, where there are several. */
  Run run(String name) {
    synchronized (runs) {
      return runs.values().stream()
          .filter(run -> run.name.equals(name))
          .reduce((first, second) -> second)
          .orElseThrow();
    }
  }

  String idOf(Run run) {
    synchronized (runs) {
      return runs.entrySet().stream()
          .filter(entry -> entry.getValue() == run)
          .map(Map.Entry::getKey)
          .findFirst()
          .orElseThrow();
    }
  }

  /** Answers all that is asked with a status. */
  static Reaction status(int status) {
    return exchange -> {
      send(exchange, status, "{\"error_code\": \"INTERNAL_ERROR\", \"message\": \"no\"}");
      return false;
    };
  }

  /** Answers a path alone with a status. */
  static Reaction status(String path, int status, String code) {
    return exchange -> {
      if (!exchange.getRequestURI().getPath().endsWith(path)) {
        return true;
      }
      send(exchange, status, "{\"error_code\": \"%s\"}".formatted(code));
      return false;
    };
  }

  /** Says that all went well, and something. */
  static Reaction saying(String body) {
    return exchange -> {
      send(exchange, 200, body);
      return false;
    };
  }

  /** Gives no answer until it is released, and then none either. */
  Reaction hanging() {
    return exchange -> {
      released.await();
      return false;
    };
  }

  /** Cuts the connections that hang. */
  void release() {
    released.countDown();
  }

  /** Begins an answer that has no end. */
  Reaction endless() {
    return exchange -> {
      exchange.sendResponseHeaders(200, 0);
      byte[] blanks = " ".repeat(1 << 16).getBytes(StandardCharsets.UTF_8);
      while (released.getCount() > 0) {
        exchange.getResponseBody().write(blanks);
      }
      return false;
    };
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String authorization = exchange.getRequestHeaders().getFirst("Authorization");
      shown.add(String.valueOf(authorization));
      asked.add(exchange.getRequestURI().getPath().replace("/api/2.0/mlflow/", ""));
      if (reaction.to(exchange)) {
        answer(exchange);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    JsonNode body = JSON.readTree(exchange.getRequestBody());
    String query = exchange.getRequestURI().getRawQuery();
    String asked =
        query == null
            ? ""
            : URLDecoder.decode(query.replaceFirst(".*=", ""), StandardCharsets.UTF_8);
    switch (exchange.getRequestURI().getPath().replace("/api/2.0/mlflow/", "")) {
      case "experiments/get-by-name" -> {
        @Nullable String id = experiments.get(asked);
        if (id == null) {
          missing(exchange);
        } else {
          send(exchange, 200, "{\"experiment\": {\"experiment_id\": \"%s\"}}".formatted(id));
        }
      }
      case "experiments/create" -> {
        String id = String.valueOf(experiments.size() + 1);
        experiments.put(body.path("name").asText(), id);
        send(exchange, 200, "{\"experiment_id\": \"%s\"}".formatted(id));
      }
      case "runs/create" -> {
        Run run = new Run(body.path("experiment_id").asText(), body.path("run_name").asText());
        body.path("tags")
            .forEach(tag -> run.tags.put(tag.path("key").asText(), tag.path("value").asText()));
        String id = "%032x".formatted(runs.size() + 1);
        runs.put(id, run);
        send(exchange, 200, "{\"run\": {\"info\": {\"run_id\": \"%s\"}}}".formatted(id));
      }
      case "runs/get" -> {
        @Nullable Run run = runs.get(asked);
        if (run == null) {
          missing(exchange);
        } else {
          send(exchange, 200, described(asked, run).toString());
        }
      }
      case "runs/update" -> {
        Run run = runs.get(body.path("run_id").asText());
        run.status = body.path("status").asText();
        run.ended = body.has("end_time");
        send(exchange, 200, "{}");
      }
      case "runs/log-batch" -> log(exchange, body);
      default -> missing(exchange);
    }
  }

  private void log(HttpExchange exchange, JsonNode body) throws IOException {
    Run run = runs.get(body.path("run_id").asText());
    boolean tooMany = body.path("metrics").size() > 1000 || body.path("params").size() > 100;
    boolean changed = false;
    for (JsonNode param : body.path("params")) {
      String value = param.path("value").asText();
      @Nullable String before = run.params.putIfAbsent(param.path("key").asText(), value);
      changed |= before != null && !before.equals(value);
    }
    if (tooMany || changed) {
      send(exchange, 400, "{\"error_code\": \"INVALID_PARAMETER_VALUE\"}");
      return;
    }
    if (body.has("metrics")) {
      batches.add(body.path("metrics").size());
    }
    for (JsonNode metric : body.path("metrics")) {
      run.metrics.add(
          metric.path("key").asText()
              + " "
              + metric.path("step").asLong()
              + " "
              + metric.path("value").asText());
    }
    send(exchange, 200, "{}");
  }

  private static ObjectNode described(String id, Run run) {
    ObjectNode answer = JsonNodeFactory.instance.objectNode();
    ObjectNode described = answer.putObject("run");
    described.putObject("info").put("run_id", id).put("lifecycle_stage", "active");
    Map<String, Long> last = new TreeMap<>();
    for (String metric : List.copyOf(run.metrics)) {
      String[] parts = metric.split(" ", -1);
      last.merge(parts[0], Long.valueOf(parts[1]), Math::max);
    }
    ArrayNode metrics = described.putObject("data").putArray("metrics");
    last.forEach((key, step) -> metrics.addObject().put("key", key).put("step", step));
    return answer;
  }

  private static void missing(HttpExchange exchange) throws IOException {
    send(exchange, 404, "{\"error_code\": \"RESOURCE_DOES_NOT_EXIST\"}");
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    release();
    server.stop(0);
    threads.shutdownNow();
  }
}
