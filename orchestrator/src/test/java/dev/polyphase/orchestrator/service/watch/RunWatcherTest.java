package dev.polyphase.orchestrator.service.watch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fifo;
import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.IndexedRun;
import dev.polyphase.orchestrator.index.KnownFolders;
import dev.polyphase.orchestrator.index.RunIndex;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.orchestrator.queue.Submission;
import dev.polyphase.orchestrator.schedule.Schedules;
import dev.polyphase.orchestrator.store.RunState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunWatcherTest {
  @TempDir Path folder;
  private final List<String> lines = new ArrayList<>();
  private final List<String> died = new ArrayList<>();
  private final List<String> messages = new ArrayList<>();
  private Database database;
  private RunIndex index;
  private RunQueue queue;
  private Schedules schedules;
  private RunWatcher watcher;
  private Path runs;

  @BeforeEach
  void open() throws IOException {
    runs = folder.resolve("runs");
    Path home = Files.createDirectories(folder.resolve("home"));
    database = Database.open(home, null);
    index = new RunIndex(database, home);
    queue = new RunQueue(database, home, Clock.systemUTC());
    schedules = new Schedules(database, queue);
    watcher =
        new RunWatcher(
            index,
            queue,
            schedules,
            new RunWatcher.Listener() {
              @Override
              public void lineAdded(IndexedRun run, String line) {
                lines.add(line);
              }

              @Override
              public void died(IndexedRun run) {
                died.add(run.name());
              }
            },
            messages::add);
  }

  @AfterEach
  void close() {
    schedules.close();
    database.close();
  }

  private RunRow look(Path run) throws IOException {
    index.lookIn(run);
    watcher.look();
    return watcher.latest().run(KnownFolders.id(run)).orElseThrow();
  }

  @Test
  void aRunIsFollowedToItsEnd() throws IOException {
    LiveRun run = LiveRun.begin(runs, "live");
    RunRow begun = look(run.folder());
    assertThat(begun.status()).isEqualTo(RunRow.Status.RUNNING);
    assertThat(begun.alive()).isTrue();
    assertThat(begun.progress().step()).isNull();
    assertThat(lines).hasSize(2);

    run.log(
        "{\"event\":\"scanned\",\"phase\":\"first\",\"done\":12,\"total\":49,\"seconds_left\":7.5}");
    assertThat(look(run.folder()).progress().activity()).isEqualTo("scanning 12/49");
    long before = watcher.latest().version(begun.id());
    run.step(3);
    RunProgress progress = look(run.folder()).progress();
    assertThat(progress).isEqualTo(new RunProgress("first", 3L, 100L, 97.0, 4.0 / 3, null, null));
    assertThat(watcher.latest().version(begun.id())).isGreaterThan(before);
    Snapshot same = watcher.latest();
    watcher.look();
    assertThat(watcher.latest()).as("nothing has changed").isSameAs(same);

    run.step(4);
    run.end(RunState.Status.FAILED);
    RunRow ended = look(run.folder());
    assertThat(ended.status()).isEqualTo(RunRow.Status.FAILED);
    assertThat(ended.message()).isEqualTo("the disk is full");
    assertThat(lines).as("the last lines too").hasSize(6);
    assertThat(died).isEmpty();
  }

  @Test
  void aRunWhoseProcessDiedCanBeResumed() throws IOException {
    LiveRun run = LiveRun.begin(runs, "live");
    look(run.folder());
    run.close();
    assertThat(look(run.folder()).status()).isEqualTo(RunRow.Status.INTERRUPTED);
    assertThat(died).containsExactly("live");
    watcher.look();
    assertThat(died).hasSize(1);
  }

  @Test
  void ofARunThatIsGoingOnTheLinesOfItsProcessAreTold() throws IOException {
    try (LiveRun run = LiveRun.begin(runs, "live")) {
      run.step(1);
      run.log("{\"event\":\"run_resumed\",\"phases\":2}");
      run.step(2);
      assertThat(look(run.folder()).progress().step()).isEqualTo(2);
      assertThat(lines).hasSize(2);
      assertThat(lines.get(1)).contains("\"step\":2");
    }
  }

  @Test
  void nothingThatARunLeavesEndsTheWatch() throws IOException {
    LiveRun run = LiveRun.begin(runs, "live");
    look(run.folder());
    LiveRun.append(run.folder().resolve("log.jsonl"), "no JSON\n\0\0\n[[[[[\n{\"event\":7}\n");
    watcher.look();
    Files.delete(run.folder().resolve("log.jsonl"));
    Fifo.make(run.folder().resolve("log.jsonl"));
    watcher.look();
    Files.writeString(run.folder().resolve("run.json"), "{");
    assertThat(look(run.folder()).status()).isIn(RunRow.Status.UNKNOWN, RunRow.Status.RUNNING);
    Files.move(run.folder(), runs.resolve("live.old-1"));
    watcher.look();
    assertThat(watcher.latest().run(KnownFolders.id(run.folder()))).isEmpty();
    run.close();
  }

  @Test
  void whatWaitsInTheQueueIsARunBeforeItHasAFolder() throws IOException {
    Files.createDirectories(folder);
    Path pipeline = folder.resolve("waits.yaml");
    Files.writeString(pipeline, LiveRun.pipeline("waits"));
    watcher.look();
    queue.submit(new Submission(pipeline, List.of(), runs, null, 0, null, null));
    watcher.look();

    RunRow row = watcher.latest().runs().get(0);
    assertThat(row.status()).isEqualTo(RunRow.Status.WAITING);
    assertThat(row.queueNumber()).isEqualTo(1);
    assertThat(messages).containsExactly("run 1 (waits) was submitted");

    LiveRun.begin(runs, "waits").end(RunState.Status.INTERRUPTED);
    RunRow both = look(row.folder());
    assertThat(watcher.latest().runs()).hasSize(1);
    assertThat(both.status()).as("it is to go on").isEqualTo(RunRow.Status.WAITING);
    queue.cancel(1);
    watcher.look();
    assertThat(watcher.latest().runs().get(0).status()).isEqualTo(RunRow.Status.INTERRUPTED);
  }

  @Test
  void aDatabaseThatIsAwayIsSaidOnce() throws IOException {
    Path elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
    Database away = Database.open(elsewhere, null);
    away.close();
    RunWatcher.Listener deaf =
        new RunWatcher.Listener() {
          @Override
          public void lineAdded(IndexedRun run, String line) {}

          @Override
          public void died(IndexedRun run) {}
        };
    RunWatcher watching =
        new RunWatcher(new RunIndex(away, elsewhere), queue, schedules, deaf, messages::add);
    watching.look();
    watching.look();
    assertThat(messages).hasSize(1);
    assertThat(messages.get(0)).startsWith("the state of runs can't be read: ");
  }
}
