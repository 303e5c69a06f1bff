package dev.polyphase.orchestrator.queue;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.queue.QueuedRun.State;
import dev.polyphase.processes.ProcessMark;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** The processes of a worker's runs, those among them that another worker started. */
final class Children {
  private final RunQueue queue;
  private final Database database;
  private final Clock clock;
  private final String owner;
  private final Worker.Settings settings;
  private final Runnable ended;
  private final Map<Long, Child> children = new HashMap<>();

  /**
   * None yet.
   *
   * @param owner the worker
   * @param ended is called when a process has ended that was started here, from another thread
   */
  Children(RunQueue queue, String owner, Worker.Settings settings, Runnable ended) {
    this.queue = queue;
    this.database = queue.database();
    this.clock = queue.clock();
    this.owner = owner;
    this.settings = settings;
    this.ended = ended;
  }

  boolean isEmpty() {
    return children.isEmpty();
  }

  /** One that was just started. */
  void add(Child child) {
    children.put(child.number(), child);
    if (child.process() != null) {
      var unused = child.process().onExit().thenRun(ended);
    }
  }

  /** Settles the runs whose processes have ended. */
  void settle() {
    for (Child child : new ArrayList<>(children.values())) {
      if (child.hasEnded()) {
        settle(child.number(), owner, child.folder(), child.outcome());
        children.remove(child.number());
      }
    }
  }

  /**
   * Settles a run.
   *
   * @param of whose it was
   */
  void settle(long number, String of, ChildFolder folder, ChildOutcome outcome) {
    Optional<QueuedRun> settled =
        database.transaction(
            connection ->
                Claims.settle(
                    connection, number, of, outcome, settings.retries(), clock.instant()));
    if (settled.isPresent() && outcome.cause() != ChildOutcome.Cause.BUSY) {
      try {
        Child.keepConsole(folder, settled.get().run());
      } catch (IOException e) {
        settings.notes().accept(FileFailure.cause(folder.console(), e));
      }
    }
  }

  /**
   * Takes over the runs of workers that are dead: those whose processes live on go on, the others
   * are settled by what they left. So is a run of this worker that has no process, since nobody
   * could say that it was started.
   */
  void takeOver() {
    Set<String> alive =
        database.transaction(connection -> Workers.alive(connection, clock.instant()));
    database.transaction(Claims::freeDevices);
    for (QueueRow row : database.transaction(Claims::active)) {
      boolean mine = owner.equals(row.owner());
      boolean known = mine && children.containsKey(row.run().number());
      if (!known && (mine || !alive.contains(row.owner()))) {
        takeOver(row);
      }
    }
  }

  private void takeOver(QueueRow row) {
    long number = row.run().number();
    Optional<Child> child = Child.adopted(row);
    if (child.isPresent()) {
      boolean mine = owner.equals(row.owner());
      if (mine || database.transaction(connection -> Claims.adopt(connection, row, owner))) {
        children.put(number, child.get());
      }
      return;
    }
    ChildFolder folder =
        Objects.requireNonNullElseGet(row.child(), () -> new ChildFolder(queue.home(), number));
    settle(number, Objects.requireNonNull(row.owner()), folder, Child.outcome(folder, null));
  }

  /** Asks the processes to stop whose runs are to, each once. */
  void askThoseThatAreToStop() {
    List<QueueRow> active = database.transaction(Claims::active);
    for (QueueRow row : active) {
      Child child = children.get(row.run().number());
      if (child != null
          && owner.equals(row.owner())
          && row.run().state() == State.STOPPING
          && database.transaction(connection -> Claims.signal(connection, child.number(), owner))) {
        child.askToStop();
      }
    }
  }

  /** Has all runs wait once their processes have ended. */
  void releaseAll() {
    database.transaction(connection -> Claims.release(connection, owner));
  }

  /** Says which process a run has. */
  void record(Child child) {
    ProcessMark mark = child.mark();
    database.transaction(connection -> Claims.started(connection, child.number(), owner, mark));
  }
}
