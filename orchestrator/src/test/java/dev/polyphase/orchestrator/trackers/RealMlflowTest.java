package dev.polyphase.orchestrator.trackers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.orchestrator.store.RunState.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** MLflow's own server, asked by its own client; skipped where pip has not installed it. */
class RealMlflowTest {
  private static final Duration STARTS_WITHIN = Duration.ofMinutes(2);

  /** Prints what the server has of an experiment: its runs by name. */
  private static final String READ =
      """
      import json, math, sys
      from mlflow import MlflowClient
      client = MlflowClient(sys.argv[1])
      experiment = client.get_experiment_by_name("nights & days")
      runs = client.search_runs([experiment.experiment_id])
      print(json.dumps({run.info.run_name: {
          "id": run.info.run_id,
          "status": run.info.status,
          "ended": run.info.end_time is not None,
          "tags": dict(run.data.tags),
          "params": dict(run.data.params),
          "metrics": {key: [[m.step, str(m.value)] for m in
                            client.get_metric_history(run.info.run_id, key)]
                      for key in run.data.metrics},
      } for run in runs}))
      """;

  @TempDir Path folder;
  @TempDir Path store;

  @Test
  void hasWhatItIsToldAndTakesTheRunUpAgain() throws Exception {
    PythonWith python = PythonWith.module("mlflow.server.fastapi_app");
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    String address = "http://127.0.0.1:" + port;
    Process server = start(python, port);
    try {
      awaitHealthy(address, server);
      TrackedRun first = new TrackedRun(folder, TrackedRun.at(address), TrackedRun.QUICK);
      first.begins(false);
      first.phase(0, "one");
      first.steps(1, 3);
      first.row(3, Map.of("loss/a:b//c", Double.NaN, "rewards/margins", Double.POSITIVE_INFINITY));
      first.ends(Status.INTERRUPTED);
      assertThat(first.warnings).isEmpty();

      JsonNode stopped = read(python, address);
      assertThat(stopped.path("demo").path("status").asText()).isEqualTo("KILLED");
      assertThat(stopped.path("one").path("status").asText()).isEqualTo("KILLED");

      TrackedRun second = new TrackedRun(folder, TrackedRun.at(address), TrackedRun.QUICK);
      second.begins(true);
      second.phase(0, "one");
      second.resumesAt(2);
      second.steps(3, 4);
      second.phaseEnds();
      second.phase(1, "two");
      second.steps(1, 1000);
      second.phaseEnds();
      second.ends(Status.FINISHED);
      assertThat(second.warnings).isEmpty();

      assertFinished(stopped, read(python, address));
    } finally {
      server.descendants().forEach(ProcessHandle::destroy);
      server.destroy();
      server.waitFor(30, TimeUnit.SECONDS);
    }
  }

  private static void assertFinished(JsonNode stopped, JsonNode runs) {
    assertThat(runs).hasSize(3);
    assertThat(runs).allMatch(run -> run.path("status").asText().equals("FINISHED"));
    assertThat(runs).allMatch(run -> run.path("ended").asBoolean());
    JsonNode one = runs.path("one");
    assertThat(one.path("id")).isEqualTo(stopped.path("one").path("id"));
    assertThat(one.path("tags").path("mlflow.parentRunId")).isEqualTo(runs.path("demo").path("id"));
    assertThat(one.path("params").path("datasets.0.path").asText()).isEqualTo("a.jsonl");
    assertThat(runs.path("demo").path("params").path("seed").asText()).isEqualTo("42");
    assertThat(one.path("metrics").path("loss"))
        .hasToString("[[1,\"1.0\"],[2,\"2.0\"],[3,\"3.0\"],[4,\"4.0\"]]");
    assertThat(one.path("metrics").path("eval_loss")).hasSize(4);
    assertThat(one.path("metrics").path("loss/a_b/_/c")).hasSize(1);
    assertThat(one.path("metrics").path("rewards/margins")).hasSize(1);
    assertThat(runs.path("two").path("metrics").path("loss")).hasSize(1000);
  }

  private Process start(PythonWith python, int port) throws IOException {
    ProcessBuilder server =
        new ProcessBuilder(
            python.command(),
            "-m",
            "mlflow",
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            String.valueOf(port),
            "--workers",
            "1",
            "--backend-store-uri",
            "sqlite:///" + store.resolve("mlflow.db"));
    server.directory(store.toFile());
    // It would start processes of its own for jobs that no test needs.
    server.environment().put("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false");
    PythonWith.quiet(server);
    server.redirectErrorStream(true);
    server.redirectOutput(store.resolve("log").toFile());
    return server.start();
  }

  private void awaitHealthy(String address, Process server) throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest request = HttpRequest.newBuilder(URI.create(address + "/health")).build();
    long until = System.nanoTime() + STARTS_WITHIN.toNanos();
    while (true) {
      try {
        if (client.send(request, BodyHandlers.ofString()).statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        // It listens to nobody yet.
      }
      assertThat(server.isAlive()).as("it ended: see %s", store.resolve("log")).isTrue();
      assertThat(System.nanoTime()).as("it did not start in time").isLessThan(until);
      server.waitFor(100, TimeUnit.MILLISECONDS);
    }
  }

  private static JsonNode read(PythonWith python, String address) throws Exception {
    return new ObjectMapper().readTree(python.run(READ, address));
  }
}
