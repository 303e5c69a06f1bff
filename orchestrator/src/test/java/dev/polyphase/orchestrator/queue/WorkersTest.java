package dev.polyphase.orchestrator.queue;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.orchestrator.Eventually;
import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.Databases;
import dev.polyphase.orchestrator.queue.QueuedRun.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Several workers in processes of their own, some of which are killed. */
@Timeout(300)
class WorkersTest {
  @TempDir Path folder = Path.of("");

  private final List<Process> workers = new ArrayList<>();
  private Databases.@Nullable Opened opened;
  private @Nullable Database database;

  private RunQueue open(Databases kind) throws IOException {
    opened = kind.open(folder);
    database = opened.again();
    return new RunQueue(database, folder, Clock.systemUTC());
  }

  @AfterEach
  void endWorkers() throws InterruptedException {
    for (Process worker : workers) {
      worker.destroyForcibly().waitFor();
    }
    if (database != null) {
      database.close();
      requireNonNull(opened).awaitClosed();
    }
  }

  private Process worker(String... devices) throws Exception {
    String url = requireNonNull(opened).url().orElse(null);
    Process worker = WorkerProcess.start(folder, url, devices);
    workers.add(worker);
    return worker;
  }

  private long submit(RunQueue queue, String name) throws IOException {
    Path file = Files.writeString(folder.resolve(name + ".yaml"), FakeRun.pipeline(name));
    return queue
        .submit(new Submission(file, List.of(), folder.resolve("runs"), null, 0, null, null))
        .number();
  }

  private static QueuedRun find(RunQueue queue, long number) {
    return queue.find(number).orElseThrow();
  }

  @ParameterizedTest
  @EnumSource
  void twoServicesNeverStartARunTwice(Databases kind) throws Exception {
    RunQueue queue = open(kind);
    Map<Long, State> expected = new TreeMap<>();
    for (int i = 0; i < 20; i++) {
      boolean fails = i % 5 == 4;
      expected.put(
          submit(queue, (fails ? "fail-" : "finish-") + i), fails ? State.FAILED : State.FINISHED);
    }
    // Both want the first device: it is one machine's, and has one run at a time.
    worker("cuda:0", "cuda:1");
    worker("cuda:0", "cuda:2");
    Eventually.holds(
        () -> queue.all().toString(),
        () -> queue.all().stream().allMatch(run -> run.ended() != null));

    Map<Long, State> states = new TreeMap<>();
    for (QueuedRun run : queue.all()) {
      states.put(run.number(), run.state());
      assertThat(run.attempts()).as(run.name()).isEqualTo(1);
      assertThat(Files.readAllLines(FakeRun.starts(folder, run.name()))).as(run.name()).hasSize(1);
    }
    assertThat(states).isEqualTo(expected);
    assertNoDeviceHadTwoAtATime(queue.all());
  }

  private static void assertNoDeviceHadTwoAtATime(List<QueuedRun> runs) {
    for (QueuedRun run : runs) {
      for (QueuedRun other : runs) {
        if (run.number() != other.number() && run.device().equals(other.device())) {
          assertThat(!run.ended().isAfter(other.started()) || !other.ended().isAfter(run.started()))
              .as("%s and %s had %s", run, other, run.device())
              .isTrue();
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatAKilledServiceLeftGoesOn(Databases kind) throws Exception {
    RunQueue queue = open(kind);
    long living = submit(queue, "hang-living");
    long ending = submit(queue, "hang-ending");
    long dying = submit(queue, "hang-dying");
    Process first = worker("cuda:0", "cuda:1", "cuda:2");
    Eventually.holds(
        () ->
            Files.exists(FakeRun.starts(folder, "hang-living"))
                && Files.exists(FakeRun.starts(folder, "hang-ending"))
                && Files.exists(FakeRun.starts(folder, "hang-dying")));
    Eventually.holds(() -> queue.all().stream().allMatch(run -> run.pid() != null));
    assertThat(queue.isServed()).isTrue();
    first.destroyForcibly().waitFor();
    assertThat(queue.isServed()).isFalse();

    // While no service runs one finishes, one is killed, and one runs on.
    long pid = find(queue, living).pid();
    Files.writeString(find(queue, ending).run().resolve("go"), "");
    ProcessHandle killed = ProcessHandle.of(find(queue, dying).pid()).orElseThrow();
    killed.destroyForcibly();
    Eventually.holds(() -> !killed.isAlive());
    Files.writeString(find(queue, dying).run().resolve("go"), "");
    Eventually.holds(() -> Files.exists(new ChildFolder(folder, ending).outcome()));

    worker("cuda:0", "cuda:1", "cuda:2");
    Eventually.holds(
        () -> queue.all().toString(),
        () ->
            find(queue, ending).state() == State.FINISHED
                && find(queue, dying).state() == State.FINISHED);
    assertThat(find(queue, ending).attempts()).isEqualTo(1);
    assertThat(find(queue, dying).attempts()).isEqualTo(2);
    assertThat(find(queue, living).state()).isEqualTo(State.RUNNING);
    assertThat(find(queue, living).pid()).isEqualTo(pid);

    queue.stop(living);
    Eventually.holds(() -> find(queue, living).state() == State.STOPPED);
    assertThat(find(queue, living).attempts()).isEqualTo(1);
    assertThat(find(queue, living).message()).isEqualTo("the state is saved");
  }

  @ParameterizedTest
  @EnumSource
  void aServiceTakesOverFromOneThatIsKilledBesideIt(Databases kind) throws Exception {
    RunQueue queue = open(kind);
    Process first = worker("cuda:0");
    long number = submit(queue, "hang-over");
    Eventually.holds(() -> find(queue, number).pid() != null);
    long next = submit(queue, "finish-next");
    worker("cuda:0");
    first.destroyForcibly().waitFor();
    Eventually.holds(() -> Files.exists(find(queue, number).run()));
    Files.writeString(find(queue, number).run().resolve("go"), "");

    Eventually.holds(
        () -> queue.all().toString(),
        () ->
            find(queue, number).state() == State.FINISHED
                && find(queue, next).state() == State.FINISHED);
    assertThat(find(queue, number).attempts()).isEqualTo(1);
  }
}
