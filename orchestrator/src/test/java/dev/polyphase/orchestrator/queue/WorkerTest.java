package dev.polyphase.orchestrator.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.orchestrator.Eventually;
import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.Databases;
import dev.polyphase.orchestrator.queue.QueuedRun.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Workers and the processes that they start, which play runs. */
@Timeout(300)
class WorkerTest {
  @TempDir Path folder = Path.of("");

  private final List<String> notes = new ArrayList<>();

  private Worker worker(RunQueue queue, String... devices) {
    return new Worker(
        queue,
        List.of(devices),
        FakeRun::command,
        new Worker.Settings(
            new Retries(List.of(Duration.ofMinutes(1), Duration.ofMinutes(5))),
            Duration.ofMillis(50),
            Duration.ofMinutes(1),
            notes::add));
  }

  private QueuedRun submit(RunQueue queue, String name) throws IOException {
    return submit(queue, name, null, 0, null);
  }

  private QueuedRun submit(RunQueue queue, String name, String after, int priority, String device)
      throws IOException {
    Path file = Files.writeString(folder.resolve(name + ".yaml"), FakeRun.pipeline(name));
    return queue.submit(
        new Submission(file, List.of(), folder.resolve("runs"), after, priority, device, null));
  }

  private List<String> starts(String name) throws IOException {
    Path file = FakeRun.starts(folder, name);
    return Files.exists(file) ? Files.readAllLines(file) : List.of();
  }

  private static QueuedRun await(RunQueue queue, long number, State state) {
    Eventually.holds(
        () -> queue.find(number).orElseThrow().toString(),
        () -> queue.find(number).orElseThrow().state() == state);
    return queue.find(number).orElseThrow();
  }

  @ParameterizedTest
  @EnumSource
  void twentyRunsEndAsTheyShould(Databases kind) throws IOException {
    HandClock clock = new HandClock();
    try (Database database = kind.open(folder).again()) {
      RunQueue queue = new RunQueue(database, folder, clock);
      Map<Long, State> expected = new TreeMap<>();
      List<String> parts = List.of("finish", "fail", "wrong", "full", "recover", "die", "finish");
      for (int i = 0; i < 20; i++) {
        String part = parts.get(i % parts.size());
        expected.put(
            submit(queue, part + "-" + i).number(),
            part.equals("finish") || part.equals("recover") ? State.FINISHED : State.FAILED);
      }
      try (Worker worker = worker(queue, "cuda:0", "cuda:1", "cuda:2")) {
        worker.start();
        Eventually.holds(
            () -> queue.all().toString(),
            () -> {
              boolean settled =
                  queue.all().stream()
                      .noneMatch(
                          run ->
                              run.state() == State.RUNNING
                                  || (run.state() == State.WAITING && run.notBefore() == null));
              if (settled) {
                clock.advance(Duration.ofMinutes(5));
              }
              return queue.all().stream().allMatch(run -> run.ended() != null);
            });
      }
      Map<Long, State> states = new TreeMap<>();
      queue.all().forEach(run -> states.put(run.number(), run.state()));
      assertThat(states).isEqualTo(expected);
      for (QueuedRun run : queue.all()) {
        int attempts =
            switch (run.name().split("-", -1)[0]) {
              case "finish", "fail", "wrong" -> 1;
              case "recover" -> 2;
              default -> 3;
            };
        assertThat(starts(run.name())).as(run.name()).hasSize(attempts);
        assertThat(run.attempts()).as(run.name()).isEqualTo(attempts);
        assertThat(run.pid()).isNull();
        assertThat(folder.resolve("runs").resolve(run.name()).resolve("console.log"))
            .hasContent(("playing " + run.name() + "\n").repeat(attempts).stripTrailing());
      }
      assertThat(queue.find(2).orElseThrow().message()).isEqualTo("the loss is no number");
      assertThat(queue.find(6).orElseThrow().message())
          .contains("killed by signal 9", "tried 3 times");
      assertThat(notes).isEmpty();
    }
  }

  @Test
  void waitsForItsBackOff() throws IOException {
    HandClock clock = new HandClock();
    try (Database database = Database.open(folder, null)) {
      RunQueue queue = new RunQueue(database, folder, clock);
      Instant submitted = clock.instant();
      long number = submit(queue, "full").number();
      try (Worker worker = worker(queue, "cpu")) {
        worker.start();
        Eventually.holds(() -> queue.find(number).orElseThrow().notBefore() != null);
        QueuedRun waiting = queue.find(number).orElseThrow();
        assertThat(waiting.state()).isEqualTo(State.WAITING);
        assertThat(waiting.notBefore()).isEqualTo(submitted.plus(Duration.ofMinutes(1)));
        assertThat(waiting.message())
            .startsWith("there is no room left; it is tried again at ")
            .endsWith("1 of 2 times");

        clock.advance(Duration.ofMinutes(1));
        Eventually.holds(() -> queue.find(number).orElseThrow().attempts() == 2);
        Eventually.holds(() -> queue.find(number).orElseThrow().notBefore() != null);
        assertThat(queue.find(number).orElseThrow().notBefore())
            .isEqualTo(clock.instant().plus(Duration.ofMinutes(5)));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void stopsCancelsAndResumesWhatRuns(Databases kind) throws IOException {
    try (Database database = kind.open(folder).again()) {
      RunQueue queue = new RunQueue(database, folder, new HandClock());
      long stopped = submit(queue, "hang-stopped").number();
      long cancelled = submit(queue, "hang-cancelled").number();
      try (Worker worker = worker(queue, "cuda:0", "cuda:1")) {
        worker.start();
        Eventually.holds(
            () -> starts("hang-stopped").size() + starts("hang-cancelled").size() == 2);
        assertThat(queue.stop(stopped).state()).isEqualTo(State.STOPPING);
        queue.cancel(cancelled);

        QueuedRun there = await(queue, stopped, State.STOPPED);
        assertThat(there.message()).isEqualTo("the state is saved");
        assertThat(await(queue, cancelled, State.CANCELLED).device()).isIn("cuda:0", "cuda:1");

        Files.writeString(there.run().resolve("go"), "");
        queue.resume(stopped);
        QueuedRun finished = await(queue, stopped, State.FINISHED);
        assertThat(finished.attempts()).isEqualTo(2);
      }
    }
  }

  @Test
  void closingLetsWhatRunsWaitForTheNextService() throws IOException {
    try (Database database = Database.open(folder, null)) {
      RunQueue queue = new RunQueue(database, folder, new HandClock());
      long number = submit(queue, "hang-on").number();
      try (Worker worker = worker(queue, "cpu")) {
        worker.start();
        Eventually.holds(() -> starts("hang-on").size() == 1);
        assertThat(queue.isServed()).isTrue();
      }
      QueuedRun waiting = queue.find(number).orElseThrow();
      assertThat(waiting.state()).isEqualTo(State.WAITING);
      assertThat(waiting.message()).isNull();
      assertThat(queue.isServed()).isFalse();

      Files.writeString(waiting.run().resolve("go"), "");
      try (Worker worker = worker(queue, "cpu")) {
        worker.start();
        await(queue, number, State.FINISHED);
      }
    }
  }

  @Test
  void beginsInOrderOfPriorityAndAfterThoseThatItFollows() throws IOException {
    try (Database database = Database.open(folder, null)) {
      RunQueue queue = new RunQueue(database, folder, new HandClock());
      long first = submit(queue, "finish-a").number();
      long urgent = submit(queue, "finish-b", null, 5, null).number();
      long wrong = submit(queue, "wrong-c").number();
      long follower = submit(queue, "finish-d", "wrong-c", 9, null).number();
      long second = submit(queue, "finish-e", "finish-d", 0, null).number();
      try (Worker worker = worker(queue, "cpu")) {
        worker.start();
        await(queue, first, State.FINISHED);
        await(queue, wrong, State.FAILED);
        assertThat(await(queue, follower, State.FAILED).message())
            .contains("after run %d (wrong-c), which is failed".formatted(wrong));
        await(queue, second, State.FAILED);
      }
      assertThat(queue.find(urgent).orElseThrow().ended())
          .isBeforeOrEqualTo(queue.find(first).orElseThrow().started());
      assertThat(starts("finish-d")).isEmpty();
    }
  }

  @Test
  void givesEachRunItsDevices() throws IOException {
    try (Database database = Database.open(folder, null)) {
      RunQueue queue = new RunQueue(database, folder, new HandClock());
      long any = submit(queue, "hang-any").number();
      long both = submit(queue, "hang-both", null, 0, "[cuda:0, cuda:1]").number();
      long one = submit(queue, "hang-one", null, 0, "cuda:1").number();
      long lacking = submit(queue, "hang-lacking", null, 9, "cuda:7").number();
      try (Worker worker = worker(queue, "cuda:0", "cuda:1")) {
        worker.start();
        Eventually.holds(() -> starts("hang-any").size() == 1);
        assertThat(starts("hang-any").get(0)).contains("--set device=cuda:0");
        Eventually.holds(() -> queue.find(one).orElseThrow().message() != null);
        // cuda:1 is free, and kept for the one that needs both.
        assertThat(queue.find(one).orElseThrow().state()).isEqualTo(State.WAITING);
        assertThat(queue.find(lacking).orElseThrow().message())
            .isEqualTo(
                "waits for cuda:7, which no service has that runs now; this one has cuda:0, cuda:1");

        Files.writeString(queue.find(any).orElseThrow().run().resolve("go"), "");
        await(queue, both, State.RUNNING);
        assertThat(queue.find(both).orElseThrow().device()).isEqualTo("cuda:0,cuda:1");
        assertThat(queue.find(one).orElseThrow().state()).isEqualTo(State.WAITING);
        Eventually.holds(() -> starts("hang-both").size() == 1);
        queue.stop(both);
        await(queue, one, State.RUNNING);
      }
    }
  }
}
