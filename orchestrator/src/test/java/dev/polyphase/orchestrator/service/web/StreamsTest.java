package dev.polyphase.orchestrator.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.orchestrator.service.watch.LiveRun;
import dev.polyphase.orchestrator.store.RunState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamsTest {
  private static final Set<String> WITHOUT_ID = Set.of("ping", "change", "run");

  @TempDir Path folder;
  private ServiceLab lab;
  private LiveRun run;

  /** An event that was heard. */
  private record Heard(String event, String id, JsonNode data) {}

  /** One who listens, on a connection of its own. */
  private final class Ear implements AutoCloseable {
    private final RawRequest connection;

    Ear(String path, String more) throws IOException {
      connection = new RawRequest(lab.web.port());
      // As HTTP 1.0 the answer is not cut into chunks, which would have lines of their own.
      connection.send("GET " + path + " HTTP/1.0\nHost: localhost" + more);
      assertThat(connection.line()).isEqualTo("HTTP/1.1 200 OK");
    }

    /** The next event, pings passed over. */
    Heard next() throws IOException {
      String event = "";
      String id = "";
      for (String line = connection.line(); line != null; line = connection.line()) {
        if (line.startsWith("event: ")) {
          event = line.substring(7);
        } else if (line.startsWith("id: ")) {
          id = line.substring(4);
        } else if (line.startsWith("data: ")) {
          assertThat(id.isEmpty()).isEqualTo(WITHOUT_ID.contains(event));
          if (!event.equals("ping")) {
            return new Heard(event, id, ServiceLab.JSON.readTree(line.substring(6)));
          }
        }
      }
      throw new IOException("the stream has ended");
    }

    Heard next(Predicate<Heard> wanted) throws IOException {
      Heard heard = next();
      while (!wanted.test(heard)) {
        heard = next();
      }
      return heard;
    }

    @Override
    public void close() throws IOException {
      connection.close();
    }
  }

  @BeforeEach
  void start() throws IOException {
    lab = new ServiceLab(folder);
    run = LiveRun.begin(folder.resolve("runs"), "live");
    lab.lookIn(folder.resolve("runs"));
  }

  @AfterEach
  void stop() throws IOException {
    run.close();
    lab.close();
  }

  private String events() {
    return "/api/runs/" + ServiceLab.id(run.folder()) + "/events";
  }

  private static void addSteps(Heard heard, List<Long> steps) {
    JsonNode rows = heard.data().path("rows");
    int from = heard.data().path("from").intValue();
    while (steps.size() > from) {
      steps.remove(steps.size() - 1);
    }
    rows.forEach(row -> steps.add(row.path("step").longValue()));
    assertThat(heard.data().path("next").intValue()).isEqualTo(steps.size());
  }

  @Test
  void itBeginsNowWithTheStateAndTheFigure() throws IOException {
    run.step(1);
    lab.watcher.look();
    try (Ear ear = new Ear(events(), "")) {
      Heard state = ear.next();
      assertThat(state.event()).isEqualTo("state");
      lab.description.conforms("Run", state.data().toString());
      Heard figure = ear.next();
      assertThat(figure.event()).isEqualTo("figure");
      lab.description.conforms("Figure", figure.data().toString());
      run.step(2);
      Heard rows = ear.next(heard -> heard.event().equals("rows"));
      lab.description.conforms("Rows", rows.data().toString());
      assertThat(rows.data().path("from").longValue()).isEqualTo(1);
      assertThat(rows.data().path("rows").findValuesAsText("step")).containsExactly("2");
      Heard lines = ear.next(heard -> heard.event().equals("lines"));
      lab.description.conforms("Lines", lines.data().toString());
      assertThat(lines.data().path("lines")).hasSize(1);
    }
  }

  @Test
  void aLineThatIsCutAgainAndAgainLosesAndRepeatsNothing() throws IOException {
    Random random = new Random(11);
    List<Long> steps = new ArrayList<>();
    List<String> logged = new ArrayList<>();
    String id = "";
    long step = 0;
    while (steps.size() < 120) {
      try (Ear ear =
          new Ear(
              events() + "?phase=0&after=0&log=0", id.isEmpty() ? "" : "\nLast-Event-ID: " + id)) {
        int events = random.nextInt(6);
        for (int i = 0; i < events || id.isEmpty(); i++) {
          for (int more = random.nextInt(4); more >= 0 && step < 120; more--) {
            run.step(++step);
          }
          lab.watcher.look();
          if (step == 120 && steps.size() == 120) {
            break;
          }
          Heard heard = ear.next();
          id = heard.id();
          if (heard.event().equals("rows")) {
            assertThat(heard.data().path("from").intValue()).isEqualTo(steps.size());
            addSteps(heard, steps);
          } else if (heard.event().equals("lines")) {
            heard.data().path("lines").forEach(line -> logged.add(line.toString()));
          }
        }
      }
    }
    assertThat(steps).isEqualTo(LongStream.rangeClosed(1, 120).boxed().toList());
    assertThat(logged).doesNotHaveDuplicates();
  }

  @Test
  void rowsThatWereTakenBackAreReplaced() throws IOException {
    try (Ear ear = new Ear(events() + "?phase=0&after=0", "")) {
      List<Long> steps = new ArrayList<>();
      for (int step = 1; step <= 9; step++) {
        run.step(step);
      }
      lab.watcher.look();
      // The watcher also looks by itself, so the rows may come in several events.
      while (steps.size() < 9) {
        addSteps(ear.next(heard -> heard.event().equals("rows")), steps);
      }
      run.keepRows(4);
      run.row("{\"step\":5,\"loss\":0.125}");
      lab.watcher.look();
      while (steps.size() != 5) {
        addSteps(ear.next(heard -> heard.event().equals("rows")), steps);
      }
      assertThat(steps).containsExactly(1L, 2L, 3L, 4L, 5L);
      run.secondPhase();
      run.step(1);
      lab.watcher.look();
      Heard second = ear.next(heard -> heard.data().path("phase").intValue() == 1);
      assertThat(second.data().path("from").longValue()).isZero();
    }
  }

  @Test
  void aStrangeIdBeginsNowAndARunThatIsGoneEndsTheStream() throws IOException {
    run.step(1);
    try (Ear ear = new Ear(events(), "\nLast-Event-ID: 99:../../x:{}")) {
      assertThat(ear.next().event()).isEqualTo("state");
      run.close();
      Files.move(run.folder(), run.folder().resolveSibling("live.old-1"));
      lab.watcher.look();
      assertThat(ear.connection.line()).isNotNull();
      String line = "";
      while (line != null) {
        line = ear.connection.line();
      }
    }
    assertThat(lab.get(events().substring(1)).statusCode()).isEqualTo(404);
  }

  @Test
  void changesOfListsAndStepsOfRunsAreHeardByAll() throws IOException {
    try (Ear ear = new Ear("/api/events", "")) {
      Heard first = ear.next();
      assertThat(first.event()).isEqualTo("change");
      lab.description.conforms("Change", first.data().toString());
      assertThat(ear.next().event()).isEqualTo("run");
      run.step(7);
      lab.watcher.look();
      Heard stepped = ear.next();
      assertThat(stepped.data().path("step").longValue()).isEqualTo(7);
      run.end(RunState.Status.FAILED);
      lab.watcher.look();
      Heard change = ear.next(heard -> heard.event().equals("change"));
      assertThat(change.data().path("runs").booleanValue()).isTrue();
      assertThat(change.data().path("queue").booleanValue()).isFalse();
      assertThat(ear.next().data().path("status").textValue()).isEqualTo("failed");
    }
  }

  @Test
  void whoGoesOrDoesNotListenIsLetGoOf() throws Exception {
    lab.close();
    lab =
        new ServiceLab(
            folder,
            new ServiceLab.Wishes(null, arguments -> List.of("false"), Duration.ofSeconds(2)));
    lab.lookIn(folder.resolve("runs"));
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    List<RawRequest> listening = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      RawRequest one = new RawRequest(lab.web.port());
      one.send("GET /api/events HTTP/1.1\nHost: localhost");
      listening.add(one);
    }
    // This one never reads, and so much is said that no buffer takes it.
    RawRequest deaf = new RawRequest(lab.web.port());
    deaf.send("GET " + events() + "?phase=0&after=0 HTTP/1.1\nHost: localhost");
    ServiceLab.await(() -> lab.web.listening() == 41);
    String row = "{\"loss\":1,\"padding\":\"" + "x".repeat(10_000) + "\"}\n";
    LiveRun.append(run.folder().resolve("phase-01-first/metrics.jsonl"), row.repeat(2_000));
    lab.watcher.look();
    for (RawRequest one : listening) {
      one.close();
    }
    ServiceLab.await(() -> lab.web.listening() == 0);
    deaf.close();
    assertThat(lab.messages).isEmpty();
    ServiceLab.await(
        () ->
            Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> !before.contains(thread))
                    .filter(thread -> thread.getName().startsWith("JettyServerThreadPool"))
                    .count()
                <= 60);
  }

  @Test
  void noMoreThanSoManyListen() throws Exception {
    List<RawRequest> listening = new ArrayList<>();
    for (int i = 0; i < Streams.MOST; i++) {
      RawRequest one = new RawRequest(lab.web.port());
      one.send("GET /api/events HTTP/1.1\nHost: localhost");
      listening.add(one);
    }
    ServiceLab.await(() -> lab.web.listening() == Streams.MOST);
    assertThat(lab.get("api/events").statusCode()).isEqualTo(503);
    assertThat(lab.get("api/runs").statusCode()).isEqualTo(200);
    for (RawRequest one : listening) {
      one.close();
    }
    ServiceLab.await(() -> lab.web.listening() == 0);
  }
}
