package dev.polyphase.orchestrator.trackers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.orchestrator.store.RunState.Status;
import dev.polyphase.orchestrator.trackers.MlflowOnLoopback.Run;
import dev.polyphase.orchestrator.trackers.MlflowRuns.Pace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An MLflow server on this machine, which may be slow, gone, wrong or a liar. */
class MlflowRunsTest {
  private static final String SECRET = "hush-7f3a";

  @TempDir Path folder;
  private MlflowOnLoopback server;

  @BeforeEach
  void start() throws IOException {
    server = new MlflowOnLoopback();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void aRunHasItsPhasesWithinIt() {
    TrackedRun run = run(TrackedRun.QUICK);
    run.begins(false);
    run.phase(0, "one");
    run.steps(1, 2);
    run.phaseEnds();
    run.phase(1, "two");
    run.steps(1, 1);
    run.phaseEnds();
    run.ends(Status.FINISHED);

    Run parent = server.run("demo");
    Run one = server.run("one");
    assertThat(server.runs).hasSize(3);
    assertThat(parent.params)
        .containsEntry("base_model", "model")
        .containsEntry("seed", "42")
        .doesNotContainKey("learning_rate");
    assertThat(one.params)
        .containsEntry("datasets.0.path", "a.jsonl")
        .containsEntry("targeting.top_percent", "50")
        .containsEntry("type", "sft");
    assertThat(one.tags).containsEntry("mlflow.parentRunId", server.idOf(parent));
    assertThat(one.metrics)
        .containsExactly("loss 1 1.0", "eval_loss 1 1.5", "loss 2 2.0", "eval_loss 2 2.5");
    assertThat(server.run("two").metrics).containsExactly("loss 1 1.0", "eval_loss 1 1.5");
    assertThat(server.runs.values()).allMatch(each -> each.ended);
    assertThat(server.runs.values()).extracting(each -> each.status).containsOnly("FINISHED");
    assertThat(run.warnings).isEmpty();
  }

  @Test
  void aResumedRunGoesOnThereAndTellsNothingTwice() throws IOException {
    TrackedRun first = run(TrackedRun.QUICK);
    first.begins(false);
    first.phase(0, "one");
    first.steps(1, 4);
    first.ends(Status.INTERRUPTED);
    assertThat(server.runs.values()).extracting(each -> each.status).containsOnly("KILLED");

    TrackedRun second = run(TrackedRun.QUICK);
    second.begins(true);
    second.phase(0, "one");
    second.resumesAt(2);
    second.steps(3, 5);
    second.ends(Status.FAILED);

    assertThat(server.runs).hasSize(2);
    assertThat(server.run("one").metrics)
        .hasSize(10)
        .doesNotHaveDuplicates()
        .endsWith("loss 5 5.0", "eval_loss 5 5.5");
    assertThat(server.runs.values()).extracting(each -> each.status).containsOnly("FAILED");
    assertThat(folder.resolve("trackers.json")).content().contains(server.address());
    assertThat(second.warnings).isEmpty();
  }

  @Test
  void aPhaseThatGoesBackWhileItIsTrainedTellsNothingTwice() throws IOException {
    TrackedRun run = run(TrackedRun.QUICK);
    Path metrics = Files.createDirectories(folder.resolve("phase-01-one")).resolve("metrics.jsonl");
    Files.writeString(metrics, "{\"step\": 1, \"loss\": 1.0}\n{\"step\": 2, \"loss\": 2.0}\n");
    run.begins(false);
    run.phase(0, "one");
    run.steps(1, 4);
    run.resumesAt(2);
    run.steps(3, 5);
    run.ends(Status.FINISHED);

    assertThat(server.run("one").metrics)
        .hasSize(10)
        .doesNotHaveDuplicates()
        .endsWith("loss 5 5.0", "eval_loss 5 5.5");
    assertThat(run.warnings).isEmpty();
  }

  /** As after a kill, which takes what was gathered along. */
  @Test
  void whatItWasNotToldBeforeItIsToldOnceThePhaseGoesOn() throws IOException {
    TrackedRun first = run(TrackedRun.QUICK);
    first.begins(false);
    first.phase(0, "one");
    first.steps(1, 2);
    first.ends(Status.INTERRUPTED);
    Path metrics = Files.createDirectories(folder.resolve("phase-01-one")).resolve("metrics.jsonl");
    StringBuilder rows = new StringBuilder();
    for (int step = 1; step <= 250; step++) {
      rows.append("{\"step\": %1$d, \"loss\": %1$d.0}\n".formatted(step));
      rows.append("{\"step\": %1$d, \"eval_loss\": null}\n".formatted(step));
    }
    Files.writeString(metrics, rows);

    TrackedRun second = run(TrackedRun.QUICK);
    second.begins(true);
    second.phase(0, "one");
    second.resumesAt(240);
    second.steps(241, 242);
    second.ends(Status.FINISHED);

    List<String> told = List.copyOf(server.run("one").metrics);
    assertThat(told.stream().filter(metric -> metric.startsWith("loss")))
        .hasSize(242)
        .doesNotHaveDuplicates()
        .endsWith("loss 240 240.0", "loss 241 241.0", "loss 242 242.0");
    assertThat(second.warnings).isEmpty();
  }

  @Test
  void aPhaseWithOtherSettingsIsAnotherRun() {
    TrackedRun first = run(TrackedRun.QUICK);
    first.begins(false);
    first.phase(0, "one");
    first.steps(1, 2);
    first.ends(Status.INTERRUPTED);

    TrackedRun second =
        new TrackedRun(
            folder,
            TrackedRun.at(server.address()),
            TrackedRun.QUICK,
            "defaults.learning_rate=0.1");
    second.begins(true);
    second.phase(0, "one");
    second.steps(1, 2);
    second.ends(Status.FINISHED);

    assertThat(server.runs).hasSize(3);
    assertThat(server.run("one").params).containsEntry("learning_rate", "0.1");
    assertThat(server.run("one").metrics).hasSize(4);
    assertThat(second.warnings).isEmpty();
  }

  @Test
  void aRunThatTheServerHasLostIsMadeAnew() {
    TrackedRun first = run(TrackedRun.QUICK);
    first.begins(false);
    first.phase(0, "one");
    first.ends(Status.INTERRUPTED);
    server.runs.clear();

    TrackedRun second = run(TrackedRun.QUICK);
    second.begins(true);
    second.phase(0, "one");
    second.steps(1, 2);
    second.ends(Status.FINISHED);

    assertThat(server.runs).hasSize(2);
    assertThat(server.run("one").metrics).hasSize(4);
    assertThat(second.warnings).isEmpty();
  }

  @Test
  void manyFiguresComeInBatchesThatItTakes() {
    TrackedRun run = run(TrackedRun.QUICK);
    run.begins(false);
    run.phase(0, "one");
    Map<String, Number> many = new HashMap<>();
    for (int i = 0; i < 30; i++) {
      many.put("loss/set-" + i, i);
    }
    for (int step = 1; step <= 300; step++) {
      run.row(step, many);
    }
    run.ends(Status.FINISHED);

    assertThat(server.run("one").metrics).hasSize(9000).doesNotHaveDuplicates();
    assertThat(server.batches).allMatch(size -> size <= 1000).hasSizeLessThan(300);
    assertThat(run.warnings).isEmpty();
  }

  @Test
  void whatItCouldNotStoreIsCalledOtherwise() {
    TrackedRun run = run(TrackedRun.QUICK);
    run.begins(false);
    run.phase(0, "one");
    run.row(1, Map.of("loss/../a b:c\u00e4//d", 1, "loss", Double.NaN));
    run.row(2, Map.of("loss", Double.NEGATIVE_INFINITY));
    run.ends(Status.FINISHED);

    assertThat(server.run("one").metrics)
        .containsExactlyInAnyOrder("loss/_/a b_c_/_/d 1 1.0", "loss 1 NaN", "loss 2 -Infinity");
  }

  @Test
  void whatFailsForAWhileCostsNothing() {
    AtomicInteger failures = new AtomicInteger(5);
    server.reaction =
        exchange -> failures.getAndDecrement() <= 0 || MlflowOnLoopback.status(500).to(exchange);
    TrackedRun run = run(TrackedRun.QUICK);
    run.begins(false);
    run.phase(0, "one");
    run.steps(1, 3);
    awaitRows(6);
    run.ends(Status.FINISHED);

    assertThat(server.run("one").metrics).hasSize(6);
    assertThat(run.warnings)
        .containsExactly(
            host()
                + " answers with status 500 INTERNAL_ERROR; what it is to be told waits, and the"
                + " run goes on",
            host() + " answers again");
  }

  @Test
  void aServerThatIsGoneCostsTheFiguresAlone() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    TrackedRun run =
        new TrackedRun(folder, TrackedRun.at("http://127.0.0.1:" + port), TrackedRun.QUICK);
    run.begins(false);
    run.phase(0, "one");
    run.steps(1, 50);
    run.ends(Status.FINISHED);

    assertThat(run.warnings)
        .containsExactly(
            "MLflow at 127.0.0.1:%d can't be reached; what it is to be told waits, and the run goes on"
                .formatted(port),
            "MLflow at 127.0.0.1:%d lacks 100 of 100 rows of figures, and does not know of the end; each phase's metrics.jsonl has all"
                .formatted(port));
  }

  @Test
  void aServerThatHangsHoldsNothingUp() {
    server.reaction = server.hanging();
    assertLacksAll("gives no answer within 1 s");
  }

  @Test
  void anAnswerWithoutEndIsNone() {
    server.reaction = server.endless();
    assertLacksAll("answers as no MLflow server does");
  }

  @Test
  void oneThatIsNoMlflowIsFoundOut() {
    server.reaction = MlflowOnLoopback.saying("<html>welcome</html>");
    assertLacksAll("answers as no MLflow server does");
  }

  @Test
  void oneThatLiesIsFoundOut() {
    server.reaction = MlflowOnLoopback.saying("{\"run\": {\"info\": {\"run_id\": \"../..\"}}}");
    assertLacksAll("answers as no MLflow server does");
  }

  private void assertLacksAll(String why) {
    TrackedRun run = run(TrackedRun.IMPATIENT);
    run.begins(false);
    run.phase(0, "one");
    run.steps(1, 5);
    run.ends(Status.FINISHED);

    assertThat(run.warnings).hasSize(2);
    assertThat(run.warnings.get(0)).startsWith(host() + " " + why);
    assertThat(run.warnings.get(1)).contains("lacks 10 of 10 rows", "does not know of the end");
  }

  @Test
  void whoIsNotLetInAsksNoMore() {
    server.reaction = MlflowOnLoopback.status("get-by-name", 401, "UNAUTHENTICATED");
    TrackedRun run = run(TrackedRun.QUICK);
    run.begins(false);
    run.phase(0, "one");
    run.steps(1, 5);
    run.ends(Status.FINISHED);

    assertThat(server.asked).hasSize(1);
    assertThat(run.warnings.get(0))
        .isEqualTo(
            host()
                + " answers with status 401 UNAUTHENTICATED; nothing more is sent to it, and the"
                + " run goes on");
    assertThat(run.warnings.get(1)).contains("lacks 10 of 10 rows");
  }

  @Test
  void whatItRefusesIsLostAndNoMore() {
    AtomicInteger batches = new AtomicInteger();
    MlflowOnLoopback.Reaction refusal =
        MlflowOnLoopback.status("log-batch", 400, "INVALID_PARAMETER_VALUE");
    TrackedRun run = run(TrackedRun.QUICK);
    run.begins(false);
    run.phase(0, "one");
    run.steps(1, 1);
    awaitRows(2);
    server.reaction =
        exchange ->
            !exchange.getRequestURI().getPath().endsWith("log-batch")
                || batches.getAndIncrement() > 0
                || refusal.to(exchange);
    run.row(2, Map.of("loss", 2));
    run.phaseEnds();
    run.phase(1, "two");
    run.steps(1, 1);
    run.ends(Status.FINISHED);

    assertThat(server.run("two").metrics).hasSize(2);
    assertThat(run.warnings)
        .containsExactly(
            host()
                + " answers with status 400 INVALID_PARAMETER_VALUE; it lacks what it was sent, and"
                + " the run goes on",
            host() + " lacks 1 of 5 rows of figures; each phase's metrics.jsonl has all");
  }

  @Test
  void onlySoManyRowsWait() {
    server.reaction = server.hanging();
    Pace pace =
        new Pace(
            Duration.ofMillis(20),
            Duration.ofMinutes(1),
            Duration.ofMillis(10),
            Duration.ofMillis(50),
            Duration.ofSeconds(30),
            3);
    TrackedRun run = run(pace);
    run.begins(false);
    run.phase(0, "one");
    run.steps(1, 50);
    server.reaction = exchange -> true;
    // The one that hangs is let go of: with this the thread asks again.
    server.release();
    run.ends(Status.FINISHED);

    assertThat(server.run("one").metrics)
        .containsExactly("loss 1 1.0", "eval_loss 1 1.5", "loss 2 2.0");
    assertThat(run.warnings.get(run.warnings.size() - 1)).contains("lacks 97 of 100 rows");
  }

  @Test
  void whatIsShownToItIsWrittenNowhere() throws IOException {
    Map<String, String> environment = new HashMap<>(TrackedRun.at(server.address()));
    environment.put("MLFLOW_TRACKING_TOKEN", SECRET);
    TrackedRun run = new TrackedRun(folder, environment, TrackedRun.QUICK);
    run.begins(false);
    run.phase(0, "one");
    run.steps(1, 1);
    awaitRows(2);
    // A server may say anything.
    server.reaction = MlflowOnLoopback.status("log-batch", 400, "Bearer " + SECRET);
    run.row(2, Map.of("loss", 2));
    run.ends(Status.FINISHED);

    assertThat(server.shown).containsOnly("Bearer " + SECRET);
    assertThat(run.warnings).hasSize(2).noneMatch(sentence -> sentence.contains(SECRET));
    try (Stream<Path> files = Files.walk(folder)) {
      assertThat(files.filter(Files::isRegularFile))
          .isNotEmpty()
          .allSatisfy(file -> assertThat(file).content().doesNotContain(SECRET));
    }
  }

  @Test
  void userAndPasswordAreShownAsABrowserWould() {
    Map<String, String> environment = new HashMap<>(TrackedRun.at(server.address() + "/"));
    environment.put("MLFLOW_TRACKING_USERNAME", "ann");
    environment.put("MLFLOW_TRACKING_PASSWORD", SECRET);
    TrackedRun run = new TrackedRun(folder, environment, TrackedRun.QUICK);
    run.begins(false);
    run.ends(Status.FINISHED);

    String both =
        Base64.getEncoder().encodeToString(("ann:" + SECRET).getBytes(StandardCharsets.UTF_8));
    assertThat(server.shown).isNotEmpty().containsOnly("Basic " + both);
    assertThat(run.warnings).isEmpty();
  }

  @Test
  void noOtherServerIsAskedInItsPlace() throws IOException {
    try (MlflowOnLoopback other = new MlflowOnLoopback()) {
      server.reaction =
          exchange -> {
            exchange.getResponseHeaders().add("Location", other.address());
            exchange.sendResponseHeaders(307, -1);
            return false;
          };
      assertLacksAll("answers with status 307");
      assertThat(other.asked).isEmpty();
    }
  }

  private TrackedRun run(Pace pace) {
    return new TrackedRun(folder, TrackedRun.at(server.address()), pace);
  }

  private String host() {
    return "MLflow at " + server.address().substring("http://".length());
  }

  private void awaitRows(int count) {
    long until = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (true) {
      List<Run> runs;
      synchronized (server.runs) {
        runs = List.copyOf(server.runs.values());
      }
      if (runs.stream().mapToInt(run -> run.metrics.size()).sum() >= count) {
        return;
      }
      assertThat(System.nanoTime()).as("the server was not told in time").isLessThan(until);
      Thread.onSpinWait();
    }
  }
}
