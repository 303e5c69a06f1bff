package dev.polyphase.orchestrator.events;

import dev.polyphase.orchestrator.events.RunEvent.Measured;
import dev.polyphase.orchestrator.events.RunEvent.Noted;
import dev.polyphase.orchestrator.events.RunEvent.PhaseChecking;
import dev.polyphase.orchestrator.events.RunEvent.PhaseResumed;
import dev.polyphase.orchestrator.events.RunEvent.PhaseStarted;
import dev.polyphase.orchestrator.events.RunEvent.RunEnded;
import dev.polyphase.orchestrator.events.RunEvent.RunStarted;
import dev.polyphase.orchestrator.events.RunEvent.Said;
import dev.polyphase.orchestrator.events.RunEvent.Saved;
import dev.polyphase.orchestrator.events.RunEvent.ScanStarted;
import dev.polyphase.orchestrator.events.RunEvent.Scanned;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.weights.FileFailure;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where all that happens to a run is told: each event is stamped, and handed to every observer
 * before the next. No observer ends the run; one that throws is said once and let go of. For
 * several threads: a signal speaks while training does.
 */
public final class RunEvents {
  private final String run;
  private final Clock clock;
  private final LongSupplier nanoTime;
  private final List<Named> observers = new CopyOnWriteArrayList<>();

  /** What an observer told while it was told something. */
  private final Deque<RunEvent> waiting = new ArrayDeque<>();

  private boolean telling;
  private @Nullable String phase;
  private OptionalLong step = OptionalLong.empty();
  private TimeLeft ofPhase = new TimeLeft();
  private TimeLeft ofScan = new TimeLeft();

  /**
   * An observer.
   *
   * @param name what it is called in sentences
   */
  private record Named(String name, RunObserver observer) {}

  /** Events of a run by the system's clocks. */
  public RunEvents(String run) {
    this(run, Clock.systemUTC(), System::nanoTime);
  }

  /**
   * Events of a run.
   *
   * @param run its name
   * @param clock the time of events
   * @param nanoTime a clock as {@link System#nanoTime}, by which the time left is known
   */
  public RunEvents(String run, Clock clock, LongSupplier nanoTime) {
    this.run = run;
    this.clock = clock;
    this.nanoTime = nanoTime;
  }

  /**
   * Has an observer told of all that happens from now on.
   *
   * @param name what it is called in sentences, as {@code the log}
   */
  public void add(String name, RunObserver observer) {
    observers.add(new Named(name, observer));
  }

  /** Tells an observer nothing more. */
  public void remove(RunObserver observer) {
    observers.removeIf(named -> named.observer == observer);
  }

  /** Tells a sentence about the run as a whole. */
  public void say(String sentence) {
    tell(new Said(Level.INFO, sentence));
  }

  /** Tells a sentence about the run as a whole that asks for attention. */
  public void warn(String sentence) {
    tell(new Said(Level.WARN, sentence));
  }

  /** Tells a sentence about the phase. */
  public void note(String sentence) {
    tell(new Noted(Level.INFO, sentence));
  }

  /** Tells what happened. */
  public synchronized void tell(RunEvent event) {
    waiting.add(event);
    if (telling) {
      // By an observer that is being told: it comes when all have heard of the event before.
      return;
    }
    telling = true;
    try {
      for (RunEvent next = waiting.poll(); next != null; next = waiting.poll()) {
        StampedEvent stamped = stamped(next);
        observers.forEach(named -> hand(stamped, named));
      }
    } finally {
      telling = false;
    }
  }

  private void hand(StampedEvent happened, Named named) {
    try {
      named.observer.on(happened);
    } catch (RuntimeException | Error e) {
      observers.remove(named);
      warn("%s stopped (%s); the run goes on without it".formatted(named.name, cause(e)));
    }
  }

  private static String cause(Throwable failure) {
    if (failure instanceof UncheckedIOException io
        && io.getCause() instanceof FileSystemException file
        && file.getFile() != null) {
      return FileFailure.cause(file);
    }
    return failure instanceof OperationFailedException
        ? String.valueOf(failure.getMessage())
        : "it failed at something that should not fail";
  }

  private StampedEvent stamped(RunEvent event) {
    OptionalDouble secondsLeft = OptionalDouble.empty();
    long now = nanoTime.getAsLong();
    if (event instanceof PhaseChecking checking) {
      begins(checking.phase());
    } else if (event instanceof PhaseStarted started) {
      begins(started.phase());
    } else if (event instanceof RunStarted || event instanceof RunEnded) {
      // What the last phase left is not about the run.
      begins(null);
    } else if (event instanceof PhaseResumed resumed) {
      step = OptionalLong.of(resumed.step());
      // Steps that are taken again are counted anew.
      ofPhase = new TimeLeft();
    } else if (event instanceof Saved saved) {
      step = OptionalLong.of(saved.checkpoint().step());
    } else if (event instanceof ScanStarted scan) {
      step = scan.step() > 0 ? OptionalLong.of(scan.step()) : step;
      ofScan = new TimeLeft();
      ofScan.stepped(0, now);
    } else if (event instanceof Scanned scanned) {
      ofScan.stepped(scanned.work(), now);
      secondsLeft = ofScan.seconds(scanned.totalWork());
    } else if (event instanceof Measured measured) {
      step = OptionalLong.of(measured.row().step());
      if (measured.isStep()) {
        ofPhase.stepped(measured.row().step(), now);
        secondsLeft = ofPhase.seconds(measured.row().totalSteps());
      }
    }
    boolean ofRun = event instanceof Said;
    return new StampedEvent(
        clock.instant(),
        run,
        ofRun ? null : phase,
        ofRun ? OptionalLong.empty() : step,
        secondsLeft,
        event);
  }

  private void begins(@Nullable String next) {
    phase = next;
    step = OptionalLong.empty();
    ofPhase = new TimeLeft();
  }
}
