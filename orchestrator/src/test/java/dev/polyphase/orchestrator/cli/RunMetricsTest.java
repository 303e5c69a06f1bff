package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.SmallDisk;
import dev.polyphase.orchestrator.cli.WatchedBackend.Moments;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Metrics of a run alone. */
class RunMetricsTest {
  private static final String STEPS = "\npolyphase_train_steps_total{phase=\"first\",run=\"one\"} ";

  @TempDir Path folder;
  @TempDir Path mountPoint;

  @BeforeEach
  void pipeline() throws IOException {
    Fixture.LLAMA.copyTo(folder);
    Files.writeString(folder.resolve("text.jsonl"), "{\"text\": \"The moon pulls the sea.\"}\n");
    Files.writeString(
        folder.resolve("one.yaml"),
        """
        name: one
        base_model: tiny-llama
        device: cpu
        defaults: {sequence_len: 48, learning_rate: 1e-2, max_steps: 3}
        phases:
          - {name: first, type: sft, targeting: {top_percent: 50}, datasets: [{path: text.jsonl}]}
        """);
  }

  @Test
  void aPortShowsThemWhileTheRunGoes() throws Exception {
    int port;
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = any.getLocalPort();
    }
    URI address = URI.create("http://127.0.0.1:" + port + "/metrics");
    List<HttpResponse<String>> answers = new ArrayList<>();
    Moments asking =
        new Moments() {
          @Override
          public void logging(String phase, MetricsRow row, PhaseListener listener) {
            answers.add(get(address, "GET"));
            if (row.step() == 3) {
              answers.add(get(address.resolve("/../etc/passwd"), "GET"));
              answers.add(get(address, "POST"));
            }
          }
        };

    Polyphase.Ended ended = run(asking, "--metrics-port", Integer.toString(port));

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.messages()).contains("metrics: " + address + "\n");
    assertThat(answers)
        .extracting(HttpResponse::statusCode)
        .containsExactly(200, 200, 200, 404, 405);
    assertThat(answers.get(0).headers().firstValue("Content-Type"))
        .hasValue("text/plain; version=0.0.4; charset=utf-8");
    // Each is asked for before its step is told.
    for (int i = 0; i < 3; i++) {
      assertThat(answers.get(i).body()).contains(STEPS + i + ".0\n");
    }
    try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      assertThat(free.isBound()).isTrue();
    }
  }

  @Test
  void aPortThatIsTakenIsWrongInput() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(taken.getLocalPort());
      Polyphase.Ended ended = run(new Moments() {}, "--metrics-port", port);

      assertThat(ended.exitCode()).isEqualTo(2);
      assertThat(ended.messages())
          .isEqualTo(
              "--metrics-port: port "
                  + port
                  + " is taken or not allowed; give another, or 0 for any that is free\n");
    }
    assertThat(run(new Moments() {}, "--metrics-port", "70000").exitCode()).isEqualTo(2);
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void aFileHasThemAtTheEnd() throws IOException {
    Path file = folder.resolve("one.prom");

    Polyphase.Ended ended = run(new Moments() {}, "--metrics-file", file.toString());

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(file)
        .content()
        .contains(STEPS + "3.0\n", "\npolyphase_run_running{run=\"one\"} 0.0\n");
    try (var files = Files.list(folder)) {
      assertThat(files.map(path -> path.getFileName().toString()))
          .noneMatch(name -> name.contains(".tmp-"));
    }
  }

  @Test
  void aFileThatCanNotBeWrittenIsWrongInputBeforeTheRun() {
    Path file = folder.resolve("nowhere/one.prom");

    Polyphase.Ended ended = run(new Moments() {}, "--metrics-file", file.toString());

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages())
        .isEqualTo(file + ": there is no folder " + file.getParent() + "; make it first\n");
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void aFileWhoseDiskIsFullEndsNothing() throws IOException {
    SmallDisk disk = SmallDisk.mount(mountPoint, 1 << 20);
    try (disk) {
      disk.fill();
      Path file = mountPoint.resolve("one.prom");

      Polyphase.Ended ended = run(new Moments() {}, "--metrics-file", file.toString());

      assertThat(ended.exitCode()).as(ended.messages()).isZero();
      assertThat(ended.messages())
          .containsOnlyOnce(
              file
                  + ": there is no room left on its disk; metrics are written as soon as they can"
                  + " be, and all else goes on\n");
      assertThat(folder.resolve("runs/one/phase-01-first/model")).isDirectory();
    }
  }

  private static HttpResponse<String> get(URI address, String method) {
    try {
      return HttpClient.newHttpClient()
          .send(
              HttpRequest.newBuilder(address)
                  .method(method, HttpRequest.BodyPublishers.noBody())
                  .build(),
              HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private Polyphase.Ended run(Moments moments, String... options) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "run",
                folder.resolve("one.yaml").toString(),
                "-o",
                folder.resolve("runs").toString()));
    args.addAll(List.of(options));
    return Polyphase.execute(WatchedBackend.of(moments), Map.of(), args.toArray(String[]::new));
  }
}
