package dev.polyphase.orchestrator.trackers;

import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.RunEvent.Measured;
import dev.polyphase.orchestrator.events.RunEvent.PhaseFinished;
import dev.polyphase.orchestrator.events.RunEvent.PhaseResumed;
import dev.polyphase.orchestrator.events.RunEvent.PhaseStarted;
import dev.polyphase.orchestrator.events.RunEvent.RunEnded;
import dev.polyphase.orchestrator.events.RunEvent.RunStarted;
import dev.polyphase.orchestrator.events.RunObserver;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.orchestrator.trackers.MlflowFailure.Kind;
import dev.polyphase.orchestrator.trackers.RunsOnServer.Row;
import dev.polyphase.orchestrator.trackers.RunsOnServer.TrackedPhase;
import dev.polyphase.pipelines.Pipeline;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A run as an MLflow server has it: a run of its own, and within it one for each phase.
 *
 * <p>All that the server is told is sent by a thread, from a queue that takes so many rows. One
 * that is slow, gone or wrong costs the run nothing; what the server lacks in the end is said.
 */
final class MlflowRuns implements RunObserver, AutoCloseable {
  /**
   * How it goes about it.
   *
   * @param gathering how long figures wait for others, to be sent together
   * @param answer how long an answer may take
   * @param pause how long it waits before it asks again; twice as long each time
   * @param longestPause up to this
   * @param atTheEnd how long the end of the run waits for what is still to be sent
   * @param mostRows how many rows may wait
   */
  record Pace(
      Duration gathering,
      Duration answer,
      Duration pause,
      Duration longestPause,
      Duration atTheEnd,
      int mostRows) {
    static final Pace USUAL =
        new Pace(
            Duration.ofSeconds(2),
            Duration.ofSeconds(10),
            Duration.ofSeconds(1),
            Duration.ofMinutes(1),
            Duration.ofSeconds(10),
            100_000);
  }

  /** Something to tell the server. */
  private interface Telling {
    void tell() throws MlflowFailure, InterruptedException;
  }

  private sealed interface Task {}

  /** Rows are gathered. */
  private record Add(Row row) implements Task {}

  /** A phase goes on behind a step. */
  private record CatchUp(TrackedPhase phase, long step, Instant time) implements Task {}

  /** Something else. */
  private record Tell(Telling telling) implements Task {}

  /** Nothing comes after it. */
  private record Stop() implements Task {}

  /** Rows of about so many figures are sent at once. */
  private static final int ROWS_AT_ONCE = 100;

  private final Pace pace;
  private final RunsOnServer server;
  private final String name;
  private final Consumer<String> warnings;
  private final BlockingDeque<Task> queue = new LinkedBlockingDeque<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread = new Thread(this::work, "mlflow");

  /** Rows that there were, and those that the server has. */
  private final AtomicLong rows = new AtomicLong();

  private final AtomicLong told = new AtomicLong();
  private final AtomicLong waiting = new AtomicLong();
  private volatile boolean knowsTheEnd;

  /** Of the thread alone. */
  private boolean gaveUp;

  private boolean failing;
  private boolean refused;

  /** Of the run's thread alone. */
  private @Nullable TrackedPhase phase;

  /**
   * A run on a server.
   *
   * @param warnings is told, in a sentence each, when the server can't be told something
   */
  MlflowRuns(
      MlflowSettings settings,
      Pipeline pipeline,
      RunFolder folder,
      Consumer<String> warnings,
      Pace pace) {
    this.pace = pace;
    this.name = "MLflow at " + settings.host();
    this.warnings = warnings;
    this.server =
        new RunsOnServer(
            new MlflowServer(settings, pace.answer()),
            settings.server(),
            pipeline,
            folder,
            warnings);
    thread.setDaemon(true);
  }

  @Override
  public void on(StampedEvent happened) {
    RunEvent event = happened.event();
    if (event instanceof RunStarted) {
      thread.start();
      tell(() -> server.begin(happened.time()));
    } else if (event instanceof PhaseStarted started) {
      TrackedPhase begun = new TrackedPhase(started.index(), started.phase(), happened.time());
      phase = begun;
      tell(() -> server.begin(begun));
    } else if (event instanceof PhaseResumed resumed && phase != null) {
      queue.add(new CatchUp(phase, resumed.step(), happened.time()));
    } else if (event instanceof Measured measured && phase != null) {
      add(new Row(phase, happened.time(), measured.row()));
    } else if (event instanceof PhaseFinished) {
      endPhase("FINISHED", happened);
    } else if (event instanceof RunEnded ended) {
      String status = status(ended.status());
      endPhase(status, happened);
      tell(
          () -> {
            server.end(null, status, happened.time());
            knowsTheEnd = true;
          });
    }
  }

  private static String status(RunState.Status status) {
    return switch (status) {
      case RUNNING -> "RUNNING";
      case INTERRUPTED -> "KILLED";
      case FAILED -> "FAILED";
      case FINISHED -> "FINISHED";
    };
  }

  private void endPhase(String status, StampedEvent happened) {
    @Nullable TrackedPhase ending = phase;
    phase = null;
    if (ending != null) {
      tell(() -> server.end(ending, status, happened.time()));
    }
  }

  private void tell(Telling telling) {
    queue.add(new Tell(telling));
  }

  private void add(Row row) {
    rows.incrementAndGet();
    if (waiting.get() < pace.mostRows()) {
      waiting.incrementAndGet();
      queue.add(new Add(row));
    }
  }

  // ---- the thread

  private void work() {
    try {
      for (Task task = queue.take(); !(task instanceof Stop); task = queue.take()) {
        if (task instanceof Add add) {
          List<Row> gathered = gathered(add.row());
          tell(gathered);
          waiting.addAndGet(-gathered.size());
        } else if (task instanceof CatchUp behind) {
          List<Row> kept = server.kept(behind.phase(), behind.step(), behind.time());
          rows.addAndGet(kept.size());
          for (int from = 0; from < kept.size(); from += ROWS_AT_ONCE) {
            tell(kept.subList(from, Math.min(kept.size(), from + ROWS_AT_ONCE)));
          }
        } else if (task instanceof Tell other) {
          wasTold(other.telling());
        }
      }
    } catch (InterruptedException e) {
      // The run does not wait any longer.
    }
  }

  private void tell(List<Row> some) throws InterruptedException {
    if (wasTold(() -> server.log(some))) {
      told.addAndGet(some.size());
    }
  }

  /** A row and those of the same phase that come soon. */
  private List<Row> gathered(Row first) throws InterruptedException {
    List<Row> gathered = new ArrayList<>(List.of(first));
    long until = System.nanoTime() + pace.gathering().toNanos();
    while (gathered.size() < ROWS_AT_ONCE) {
      @Nullable Task next = queue.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (next instanceof Add add && add.row().phase().equals(first.phase())) {
        gathered.add(add.row());
      } else {
        if (next != null) {
          queue.addFirst(next);
        }
        return gathered;
      }
    }
    return gathered;
  }

  /** Tells the server something, again and again where that may help. */
  private boolean wasTold(Telling telling) throws InterruptedException {
    Duration pause = pace.pause();
    while (!gaveUp) {
      boolean last = closing.getCount() == 0;
      try {
        telling.tell();
        if (failing) {
          failing = false;
          warnings.accept(name + " answers again");
        }
        return true;
      } catch (MlflowFailure e) {
        if (e.kind() != Kind.PASSES) {
          refused(e);
          return false;
        }
        if (!failing) {
          failing = true;
          warnings.accept(
              "%s %s; what it is to be told waits, and the run goes on"
                  .formatted(name, e.getMessage()));
        }
        gaveUp = last;
        if (!last && !closing.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
          Duration twice = pause.multipliedBy(2);
          pause = twice.compareTo(pace.longestPause()) < 0 ? twice : pace.longestPause();
        }
      }
    }
    return false;
  }

  private void refused(MlflowFailure e) {
    gaveUp = e.kind() == Kind.SHUT_OUT;
    if (!refused) {
      refused = true;
      warnings.accept(
          "%s %s; %s, and the run goes on"
              .formatted(
                  name,
                  e.getMessage(),
                  gaveUp ? "nothing more is sent to it" : "it lacks what it was sent"));
    }
  }

  /** Waits a while for what is still to be sent, and says what the server lacks. */
  @Override
  public void close() {
    if (thread.getState() == Thread.State.NEW) {
      return;
    }
    queue.add(new Stop());
    closing.countDown();
    try {
      thread.join(pace.atTheEnd().toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    thread.interrupt();
    long lacks = rows.get() - told.get();
    if (lacks > 0 || !knowsTheEnd) {
      warnings.accept(
          "%s lacks %d of %d rows of figures%s; each phase's metrics.jsonl has all"
              .formatted(
                  name, lacks, rows.get(), knowsTheEnd ? "" : ", and does not know of the end"));
    }
  }
}
