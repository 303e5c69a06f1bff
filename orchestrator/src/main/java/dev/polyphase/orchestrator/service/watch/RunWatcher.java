package dev.polyphase.orchestrator.service.watch;

import dev.polyphase.orchestrator.index.IndexedRun;
import dev.polyphase.orchestrator.index.RunIndex;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.orchestrator.schedule.Schedules;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Looks at the runs, the queue and the schedules about each second, and tells whoever waits what
 * has changed. Of a folder it reads what was added since the last look and nothing else, so a run
 * that is watched by many costs as much as one that is watched by nobody.
 */
public final class RunWatcher implements AutoCloseable {
  private static final Duration EVERY = Duration.ofSeconds(1);

  /** Schedules change by the minute at most, unless they are changed here. */
  private static final int LOOKS_BETWEEN_SCHEDULES = 5;

  private final RunIndex index;
  private final RunQueue queue;
  private final Schedules schedules;
  private final Listener listener;
  private final Consumer<String> messages;
  private final Map<String, RunTail> tails = new HashMap<>();
  private final Set<String> told = new HashSet<>();
  private final Object changes = new Object();
  private final Thread thread = new Thread(this::watch, "run-watcher");
  private volatile Snapshot latest = Snapshot.EMPTY;
  private volatile boolean closed;
  private boolean looked;

  /** Hears what is seen of runs. */
  public interface Listener {
    /** A line was added to the log of a run. */
    void lineAdded(IndexedRun run, String line);

    /** The process of a run is gone, and has not said how it ended. */
    void died(IndexedRun run);
  }

  /**
   * A watcher, which looks at nothing before {@link #start}.
   *
   * @param listener is told what is seen of runs; it must not take long
   * @param messages is told, in a sentence each, what becomes of the queue, and once what can't be
   *     looked at
   */
  public RunWatcher(
      RunIndex index,
      RunQueue queue,
      Schedules schedules,
      Listener listener,
      Consumer<String> messages) {
    this.index = index;
    this.queue = queue;
    this.schedules = schedules;
    this.listener = listener;
    this.messages = messages;
    thread.setDaemon(true);
  }

  /** Looks for the first time, and from then on. */
  public void start() {
    look();
    thread.start();
  }

  /** What there was at the last look. */
  public Snapshot latest() {
    return latest;
  }

  /**
   * Waits until there is another snapshot than one that is known, or for so long.
   *
   * @return the latest
   */
  public Snapshot awaitOther(Snapshot known, Duration longest) throws InterruptedException {
    long end = System.nanoTime() + longest.toNanos();
    synchronized (changes) {
      while (latest.number() == known.number() && !closed) {
        long left = (end - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          break;
        }
        changes.wait(left);
      }
      return latest;
    }
  }

  /** Whether it was closed: nothing changes any more. */
  public boolean closed() {
    return closed;
  }

  /** Looks now, as after something was changed here. */
  public void look() {
    look(true);
  }

  private synchronized void look(boolean alsoAtSchedules) {
    Snapshot before = latest;
    Snapshot now = before;
    try {
      index.refresh();
      List<IndexedRun> indexed = index.runs();
      List<QueuedRun> queued = queue.all();
      lookAtThoseThatRun(indexed);
      Map<String, Long> versions = new HashMap<>();
      tails.forEach((id, tail) -> versions.put(id, tail.version()));
      now =
          new Snapshot(
              before.number() + 1,
              rows(indexed, queued),
              queued,
              alsoAtSchedules ? schedules.all() : before.schedules(),
              versions);
      told.remove("");
    } catch (IOException | RuntimeException e) {
      // The database may be away for a while; what was known stays until it is back.
      tellOnce("", "the state of runs can't be read: " + e.getMessage());
    }
    if (!now.tellsAs(before)) {
      if (looked) {
        QueueNews.between(before.queue(), now.queue()).forEach(messages);
      }
      synchronized (changes) {
        latest = now;
        changes.notifyAll();
      }
    }
    looked = true;
  }

  private void lookAtThoseThatRun(List<IndexedRun> indexed) {
    Set<String> known = new HashSet<>();
    for (IndexedRun run : indexed) {
      known.add(run.id());
      // One more look after its end finds its last lines.
      boolean wasAlive = latest.run(run.id()).map(RunRow::alive).orElse(false);
      if (run.alive() || wasAlive) {
        RunTail tail =
            tails.computeIfAbsent(run.id(), id -> new RunTail(new RunFolder(run.folder())));
        try {
          tail.look(line -> listener.lineAdded(run, line));
          if (!run.alive() && run.status() == RunState.Status.RUNNING) {
            listener.died(run);
          }
          told.remove(run.id());
        } catch (IOException | RuntimeException e) {
          tellOnce(run.id(), run.folder() + " can't be watched: " + e.getMessage());
        }
      }
    }
    tails.keySet().retainAll(known);
  }

  private void tellOnce(String about, String sentence) {
    if (told.add(about)) {
      messages.accept(sentence);
    }
  }

  private List<RunRow> rows(List<IndexedRun> indexed, List<QueuedRun> queued) {
    Map<Path, QueuedRun> lastOf = new LinkedHashMap<>();
    for (QueuedRun entry : queued) {
      lastOf.merge(entry.run(), entry, (a, b) -> a.number() > b.number() ? a : b);
    }
    List<RunRow> rows = new ArrayList<>();
    for (IndexedRun run : indexed) {
      RunTail tail = tails.get(run.id());
      rows.add(
          RunRow.of(
              run, lastOf.remove(run.folder()), tail == null ? RunProgress.NONE : tail.progress()));
    }
    List<RunRow> withoutFolder =
        lastOf.values().stream()
            .filter(entry -> entry.state() != QueuedRun.State.CANCELLED)
            .filter(entry -> entry.state() != QueuedRun.State.FINISHED)
            .map(RunRow::of)
            .toList();
    rows.addAll(0, withoutFolder);
    return rows;
  }

  private void watch() {
    for (int looks = 1; !closed; looks++) {
      synchronized (changes) {
        try {
          changes.wait(EVERY.toMillis());
        } catch (InterruptedException e) {
          return;
        }
      }
      if (!closed) {
        look(looks % LOOKS_BETWEEN_SCHEDULES == 0);
      }
    }
  }

  /** Looks no more, and lets those go who wait. */
  @Override
  public void close() {
    closed = true;
    synchronized (changes) {
      changes.notifyAll();
    }
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
