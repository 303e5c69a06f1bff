package dev.polyphase.orchestrator.queue;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.SqlFailure;
import dev.polyphase.orchestrator.queue.ChildOutcome.Cause;
import dev.polyphase.orchestrator.queue.QueuedRun.State;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.processes.ProcessMark;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Decides which run begins next on which device, and starts its process. */
final class Starts {
  private final RunQueue queue;
  private final Database database;
  private final Clock clock;
  private final String owner;
  private final List<String> devices;
  private final UnaryOperator<List<String>> program;
  private final Children children;
  private final Consumer<String> notes;

  Starts(
      RunQueue queue,
      String owner,
      List<String> devices,
      UnaryOperator<List<String>> program,
      Children children,
      Consumer<String> notes) {
    this.queue = queue;
    this.database = queue.database();
    this.clock = queue.clock();
    this.owner = owner;
    this.devices = devices;
    this.program = program;
    this.children = children;
    this.notes = notes;
  }

  /** Ends those that were to begin after one that failed or was taken out. */
  void endFollowers() {
    Map<Long, QueuedRun> awaited = database.transaction(Claims::awaited);
    for (QueueRow row : waiting()) {
      @Nullable QueuedRun before = before(row, awaited);
      if (before != null && (isAt(before, State.FAILED) || isAt(before, State.CANCELLED))) {
        String message =
            "it was to begin after run %d (%s), which is %s; resume that one, then this one"
                .formatted(
                    before.number(), before.name(), before.state().name().toLowerCase(Locale.ROOT));
        database.transaction(
            connection ->
                QueueTable.end(connection, row.run(), before.state(), message, clock.instant()));
      }
    }
  }

  private List<QueueRow> waiting() {
    return database.transaction(connection -> Claims.waiting(connection, clock.instant()));
  }

  private static @Nullable QueuedRun before(QueueRow row, Map<Long, QueuedRun> awaited) {
    return row.run().after() == null ? null : awaited.get(row.run().after());
  }

  private static boolean isAt(QueuedRun run, State state) {
    return run.state() == state;
  }

  /** Starts what can begin, as long as there are devices. */
  void startWhatCan() {
    String place = ProcessMark.self().place();
    Map<Long, QueuedRun> awaited = database.transaction(Claims::awaited);
    Set<String> free = new HashSet<>(devices);
    free.removeAll(database.transaction(connection -> Claims.taken(connection, place)));
    for (QueueRow row : waiting()) {
      @Nullable QueuedRun before = before(row, awaited);
      if (before != null && !isAt(before, State.FINISHED)) {
        explain(row, "waits for run %d (%s)".formatted(before.number(), before.name()));
        continue;
      }
      DeviceChoice choice = DeviceChoice.of(row.asked(), devices, free);
      switch (choice.kind()) {
        case LACKING -> lacks(row, choice.devices());
        case BUSY -> {
          // What needs several would never have them all if others took each that is free.
          free.removeAll(choice.devices());
          explain(row, "waits for a device that is free");
        }
        case GRANTED -> {
          free.removeAll(choice.devices());
          if (claims(row, place, choice)) {
            start(row, choice);
          }
        }
      }
    }
  }

  private void explain(QueueRow row, String message) {
    database.transaction(connection -> Claims.explain(connection, row, message));
  }

  /** Another worker may have what this one lacks. */
  private void lacks(QueueRow row, List<String> lacking) {
    Set<String> anywhere =
        database.transaction(Workers::all).stream()
            .flatMap(worker -> worker.devices().stream())
            .collect(Collectors.toSet());
    boolean somewhere =
        lacking.equals(List.of("cuda"))
            ? anywhere.stream().anyMatch(device -> device.startsWith("cuda"))
            : anywhere.containsAll(lacking);
    if (!somewhere) {
      explain(
          row,
          "waits for %s, which no service has that runs now; this one has %s"
              .formatted(String.join(" and ", lacking), String.join(", ", devices)));
    }
  }

  private boolean claims(QueueRow row, String place, DeviceChoice choice) {
    ChildFolder folder = folder(row);
    try {
      return database.transaction(
          connection ->
              Claims.claim(
                  connection, row, owner, place, choice.devices(), folder, clock.instant()));
    } catch (OperationFailedException e) {
      // Another worker of this machine took the device a moment ago.
      if (SqlFailure.isDuplicate(e)) {
        return false;
      }
      throw e;
    }
  }

  private ChildFolder folder(QueueRow row) {
    return new ChildFolder(queue.home(), row.run().number());
  }

  private void start(QueueRow row, DeviceChoice choice) {
    ChildFolder folder = folder(row);
    try {
      Files.createDirectories(folder.path());
      Child child = Child.start(row, folder, program, choice.setting());
      children.add(child);
      children.record(child);
    } catch (IOException e) {
      String sentence = FileFailure.cause(folder.path(), e);
      notes.accept("run %d: %s".formatted(row.run().number(), sentence));
      Cause cause = FileFailure.isDiskFull(e) ? Cause.DISK : Cause.KILLED;
      children.settle(
          row.run().number(),
          owner,
          folder,
          new ChildOutcome(-1, cause, "its process could not be started: " + sentence));
    }
  }
}
