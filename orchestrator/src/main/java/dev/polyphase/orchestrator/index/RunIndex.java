package dev.polyphase.orchestrator.index;

import dev.polyphase.orchestrator.store.HeldRuns;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState.Status;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The runs known here. The folders are the truth: what the database says of them is brought up to
 * date from them, and may be thrown away.
 */
public final class RunIndex {
  private final Database database;
  private final KnownFolders known;
  private @Nullable RunTables tables;

  /** The index in a database. */
  public RunIndex(Database database, Path home) {
    this.database = database;
    this.known = new KnownFolders(home);
  }

  private RunTables tables() throws IOException {
    if (tables == null) {
      tables = new RunTables(known.home());
    }
    return tables;
  }

  /**
   * Looks for runs in a folder of runs, or takes a run's own folder, and remembers what it finds.
   */
  public void lookIn(Path folder) throws IOException {
    if (Files.isRegularFile(new RunFolder(folder).runJson())) {
      known.add(folder);
    } else if (Files.isDirectory(folder)) {
      try (Stream<Path> folders = Files.list(folder)) {
        folders
            .filter(run -> Files.isRegularFile(new RunFolder(run).runJson()))
            .forEach(known::add);
      } catch (IOException e) {
        throw FileFailure.reading(folder, e);
      }
    }
  }

  /** Looks at the folders that are known and takes over what has changed. */
  public void refresh() throws IOException {
    RunTables rows = tables();
    Map<Path, RunTables.Stamp> before =
        database.transaction(rows::stamps).stream()
            .collect(Collectors.toMap(RunTables.Stamp::folder, Function.identity()));
    List<Path> folders = known.all();
    for (Path folder : folders) {
      RunTables.@Nullable Stamp stamp = before.get(folder);
      Optional<String> now = RunReading.stamp(folder, stamp == null ? null : stamp.phaseFolder());
      if (now.isEmpty()) {
        if (stamp != null && stamp.present()) {
          leave(folder);
        }
      } else if (stamp == null || !stamp.present() || !stamp.stamp().equals(now.get())) {
        read(folder);
      }
    }
    for (Path folder : before.keySet()) {
      if (!folders.contains(folder) && before.get(folder).present()) {
        leave(folder);
      }
    }
  }

  private void leave(Path folder) throws IOException {
    RunTables rows = tables();
    database.transaction(connection -> rows.leave(connection, KnownFolders.id(folder)));
  }

  private void read(Path folder) throws IOException {
    RunTables rows = tables();
    // What changes while it is read differs from the stamp of before, and is read again then.
    Optional<String> stamp =
        RunReading.stamp(folder, RunTables.phaseFolder(RunReading.of(folder).state()));
    if (stamp.isEmpty()) {
      return;
    }
    RunReading reading = RunReading.of(folder);
    try {
      database.transaction(connection -> rows.write(connection, reading, stamp.get()));
    } catch (OperationFailedException e) {
      // Another process read the same folder at the same time.
      if (!SqlFailure.isDuplicate(e)) {
        throw e;
      }
    }
  }

  /** Forgets everything, also folders that are gone, and reads the folders anew. */
  public void rebuild() throws IOException {
    RunTables rows = tables();
    database.transaction(rows::clear);
    for (Path folder : known.all()) {
      if (!Files.isRegularFile(new RunFolder(folder).runJson())) {
        known.remove(folder);
      }
    }
    refresh();
  }

  /** All runs whose folders are there, the latest first. */
  public List<IndexedRun> runs() throws IOException {
    return alive(tables(), true);
  }

  private List<IndexedRun> alive(RunTables rows, boolean present) {
    HeldRuns held = HeldRuns.now();
    Comparator<IndexedRun> latest =
        Comparator.comparing(
            run -> Objects.requireNonNullElse(run.started(), Instant.EPOCH),
            Comparator.reverseOrder());
    return database.transaction(connection -> rows.runs(connection, present)).stream()
        .map(run -> run.with(present && held.holds(new RunFolder(run.folder()), isRunning(run))))
        .sorted(latest.thenComparing(IndexedRun::id))
        .toList();
  }

  private static boolean isRunning(IndexedRun run) {
    return run.status() == Status.RUNNING;
  }

  /**
   * A run by its id, its folder, or its name, of which the latest is meant.
   *
   * @param run what the user calls it
   */
  public Optional<IndexedRun> find(String run) throws IOException {
    return meant(runs(), run);
  }

  /** The same of runs whose folders are not there any more. */
  public Optional<IndexedRun> findGone(String run) throws IOException {
    return meant(alive(tables(), false), run);
  }

  private static Optional<IndexedRun> meant(List<IndexedRun> runs, String meant) {
    return runs.stream()
        .filter(run -> run.id().equals(meant))
        .findFirst()
        .or(() -> runs.stream().filter(run -> isFolder(run, meant)).findFirst())
        .or(() -> runs.stream().filter(run -> run.name().equals(meant)).findFirst());
  }

  private static boolean isFolder(IndexedRun run, String text) {
    try {
      return run.folder().equals(Path.of(text).toAbsolutePath().normalize());
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /** The phases of a run, in order. */
  public List<IndexedPhase> phases(IndexedRun run) throws IOException {
    RunTables rows = tables();
    return database.transaction(connection -> rows.phases(connection, run.id()));
  }

  /** The weights that a run has left, by phase and step. */
  public List<IndexedCheckpoint> checkpoints(IndexedRun run) throws IOException {
    RunTables rows = tables();
    return database.transaction(connection -> rows.checkpoints(connection, run.id()));
  }
}
