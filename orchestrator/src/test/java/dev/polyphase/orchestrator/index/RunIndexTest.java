package dev.polyphase.orchestrator.index;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunLock;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.orchestrator.store.RunState.Status;
import dev.polyphase.orchestrator.store.RunStore;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.weights.FolderTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RunIndexTest {
  private static final String STARTED = "2026-11-30T03:40:55.123Z";

  @TempDir Path folder = Path.of("");

  private Path home() throws IOException {
    return Files.createDirectories(folder.resolve("home"));
  }

  private static PhaseState phase(String name, int index, PhaseState.Status status) {
    @Nullable PhaseResult result =
        status == PhaseState.Status.FINISHED
            ? new PhaseResult(7, 700, 3, 30, 30, 29, null, 1.5, null, null, null, null)
            : null;
    return new PhaseState(
        name,
        "sft",
        "phase-%02d-%s".formatted(index + 1, name),
        status,
        Map.of(),
        Map.of(),
        result,
        null,
        null);
  }

  /** A run of two phases of which so many are done. */
  private Path run(String name, String started, Status status, int finished) throws IOException {
    Path run = Files.createDirectories(folder.resolve("runs").resolve(name));
    RunStore.write(
        new RunFolder(run),
        new RunState(
            name,
            status,
            status == Status.FAILED ? "the loss is no number" : null,
            "0.1",
            started,
            started,
            Map.of(),
            List.of(
                phase("first", 0, finished > 0 ? FINISHED : RUNNING),
                phase("second", 1, finished > 1 ? FINISHED : PENDING))));
    return run;
  }

  private static final PhaseState.Status FINISHED = PhaseState.Status.FINISHED;
  private static final PhaseState.Status RUNNING = PhaseState.Status.RUNNING;
  private static final PhaseState.Status PENDING = PhaseState.Status.PENDING;

  @ParameterizedTest
  @EnumSource
  void followsWhatFoldersSay(Databases kind) throws IOException {
    try (Database database = kind.open(home()).again()) {
      RunIndex index = new RunIndex(database, home());
      Path old = run("old", "2026-11-01T00:00:00Z", Status.FAILED, 1);
      Path latest = run("new", STARTED, Status.RUNNING, 0);
      new KnownFolders(home()).add(old);
      new KnownFolders(home()).add(latest);
      index.refresh();

      assertThat(index.runs()).extracting(IndexedRun::name).containsExactly("new", "old");
      IndexedRun failed = index.find("old").orElseThrow();
      assertThat(failed)
          .isEqualTo(
              new IndexedRun(
                  KnownFolders.id(old),
                  "old",
                  old,
                  Status.FAILED,
                  false,
                  "the loss is no number",
                  Instant.parse("2026-11-01T00:00:00Z"),
                  Instant.parse("2026-11-01T00:00:00Z"),
                  "second",
                  1,
                  2));
      assertThat(failed.id()).matches("[0-9a-f]{12}");
      assertThat(index.find(failed.id())).contains(failed);
      assertThat(index.find(old.toString())).contains(failed);
      assertThat(index.phases(failed))
          .containsExactly(
              new IndexedPhase(0, "first", "sft", FINISHED, 7L, 700L, 30L, 1.5),
              new IndexedPhase(1, "second", "sft", PENDING, null, null, null, null));

      run("new", STARTED, Status.FINISHED, 2);
      index.refresh();
      assertThat(index.find("new").orElseThrow().status()).isEqualTo(Status.FINISHED);
      assertThat(index.find("new").orElseThrow().finishedPhases()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void knowsTheWeightsInAFolder(Databases kind) throws IOException {
    try (Database database = kind.open(home()).again()) {
      RunIndex index = new RunIndex(database, home());
      Path run = run("one", STARTED, Status.INTERRUPTED, 1);
      Path model = Files.createDirectories(run.resolve("phase-01-first/model"));
      Path kept = Files.createDirectories(run.resolve("phase-02-second/checkpoints/step-000005"));
      index.lookIn(folder.resolve("runs"));
      index.refresh();
      IndexedRun found = index.find("one").orElseThrow();
      assertThat(index.checkpoints(found))
          .containsExactly(
              new IndexedCheckpoint(0, 7, false, model), new IndexedCheckpoint(1, 5, true, kept));

      // Nothing but the folder of training checkpoints changes.
      Path next = Files.createDirectories(run.resolve("phase-02-second/checkpoints/step-000010"));
      index.refresh();
      assertThat(index.checkpoints(found))
          .contains(new IndexedCheckpoint(1, 10, true, next))
          .hasSize(3);
    }
  }

  @ParameterizedTest
  @EnumSource
  void listsNoRunWhoseFolderIsGone(Databases kind) throws IOException {
    try (Database database = kind.open(home()).again()) {
      RunIndex index = new RunIndex(database, home());
      Path run = run("moved", STARTED, Status.FINISHED, 2);
      index.lookIn(run);
      index.refresh();
      Path elsewhere = folder.resolve("elsewhere");
      Files.createDirectory(elsewhere);
      Files.move(run, elsewhere.resolve("moved"));
      index.refresh();

      assertThat(index.runs()).isEmpty();
      assertThat(index.find("moved")).isEmpty();
      assertThat(index.findGone("moved").orElseThrow().folder()).isEqualTo(run);

      index.lookIn(elsewhere);
      index.refresh();
      assertThat(index.find("moved").orElseThrow().folder()).isEqualTo(elsewhere.resolve("moved"));

      // An absent disk that is there again.
      Files.move(elsewhere.resolve("moved"), run);
      index.refresh();
      assertThat(index.runs()).extracting(IndexedRun::folder).containsExactly(run);

      FolderTree.remove(run);
      index.rebuild();
      assertThat(index.runs()).isEmpty();
      assertThat(index.findGone("moved")).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void isReadAnewFromTheFolders(Databases kind) throws IOException {
    Databases.Opened opened = kind.open(home());
    Path run = run("kept", STARTED, Status.FINISHED, 2);
    List<IndexedRun> before;
    try (Database database = opened.again()) {
      RunIndex index = new RunIndex(database, home());
      index.lookIn(run);
      index.refresh();
      before = index.runs();
      database.transaction(connection -> Rows.change(connection, "UPDATE runs SET name = 'x'"));
      assertThat(index.runs()).isNotEqualTo(before);
      index.rebuild();
      assertThat(index.runs()).isEqualTo(before);
    }
    if (kind == Databases.H2) {
      FolderTree.remove(home().resolve("service"));
      try (Database database = opened.again()) {
        RunIndex index = new RunIndex(database, home());
        index.refresh();
        assertThat(index.runs()).isEqualTo(before);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void saysOfAFolderThatMakesNoSenseThatItDoesNot(Databases kind) throws IOException {
    try (Database database = kind.open(home()).again()) {
      RunIndex index = new RunIndex(database, home());
      Path odd = run("odd", STARTED, Status.FINISHED, 2);
      Path nul = run("nul\0<b>", STARTED.replace("2026", "2025"), Status.FINISHED, 2, "nul");
      Files.writeString(odd.resolve("run.json"), "{\"name\": 7}");
      index.lookIn(folder.resolve("runs"));
      index.refresh();

      IndexedRun run = index.find("odd").orElseThrow();
      assertThat(run.status()).isNull();
      assertThat(run.message()).contains("this is not the state of a run");
      assertThat(index.find(nul.toString()).orElseThrow().name()).isEqualTo("nul\uFFFD<b>");
    }
  }

  private Path run(String name, String started, Status status, int finished, String folderName)
      throws IOException {
    Path run = Files.createDirectories(folder.resolve("runs").resolve(folderName));
    RunStore.write(
        new RunFolder(run),
        new RunState(
            name,
            status,
            null,
            "0.1",
            started,
            started,
            Map.of(),
            List.of(phase("p", 0, PENDING))));
    assertThat(finished).isPositive();
    return run;
  }

  @Test
  void isAliveWhileAProcessHoldsIt() throws IOException {
    try (Database database = Database.open(home(), null)) {
      RunIndex index = new RunIndex(database, home());
      Path run = run("held", STARTED, Status.RUNNING, 0);
      index.lookIn(run);
      index.refresh();
      assertThat(index.find("held").orElseThrow().alive()).isFalse();

      try (RunLock lock = RunLock.take(new RunFolder(run))) {
        assertThat(lock).isNotNull();
        assertThat(index.find("held").orElseThrow().alive()).isTrue();
        assertThat(index.find("held").orElseThrow().alive()).isTrue();
      }
      assertThat(index.find("held").orElseThrow().alive()).isFalse();
    }
  }
}
