package dev.polyphase.orchestrator.engine;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.events.RunObserver;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.phases.api.MetricsRow;
import java.io.PrintWriter;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;

/**
 * What a user sees of a run. On a terminal the steps rewrite one line; elsewhere each logged step
 * is a line, of a long phase one in ten seconds.
 */
public final class Progress implements RunObserver {
  /** A phase with more steps is long. */
  private static final long SHORT_STEPS = 50;

  private static final long LINE_EVERY_NANOS = 10_000_000_000L;

  /** A line that is rewritten more often can't be read. */
  private static final long STATUS_EVERY_NANOS = 100_000_000L;

  private final Display display;
  private final LongSupplier nanoTime;
  private String phase = "";
  private String name = "";
  private boolean saidAStep;
  private long lastLineNanos;
  private boolean reading;
  private long lastReadingNanos;
  private String readingFile = "";
  private long readingSince;
  private long readTokensBefore;

  /** Plain lines on {@code out}, which is flushed after each. */
  public Progress(PrintWriter out) {
    this(Display.plain(out));
  }

  /** Progress on a display. */
  public Progress(Display display) {
    this(display, System::nanoTime);
  }

  /** Progress by another clock than the system's. */
  Progress(Display display, LongSupplier nanoTime) {
    this.display = display;
    this.nanoTime = nanoTime;
  }

  /** What happens to a run, shown on a display. */
  public static RunEvents shownOn(Display display, String run) {
    RunEvents events = new RunEvents(run);
    events.add("what the terminal shows", new Progress(display));
    return events;
  }

  @Override
  public void on(StampedEvent happened) {
    RunEvent event = happened.event();
    if (event instanceof RunEvent.PhaseChecking checking) {
      about(checking.index(), checking.count(), checking.phase());
    } else if (event instanceof RunEvent.PhaseStarted started) {
      about(started.index(), started.count(), started.phase());
      saidAStep = false;
      reading = false;
    } else if (event instanceof RunEvent.Reading reads) {
      reading(reads.progress());
    } else if (event instanceof RunEvent.Measured measured && measured.isStep()) {
      step(measured.row(), happened.secondsLeft());
    } else if (!(event instanceof RunEvent.RunEnded)) {
      // How a run ended is told by the command that ran it.
      EventText.of(happened).ifPresent(text -> show(event, text));
    }
  }

  private void show(RunEvent event, String text) {
    if (event instanceof RunEvent.Said) {
      display.say(text);
    } else if (event instanceof RunEvent.ScanStarted && display.rewrites()) {
      status(text);
    } else if (event instanceof RunEvent.Scanned scanned) {
      scanned(scanned, text);
    } else {
      message(text);
    }
  }

  private void about(int index, int count, String name) {
    this.phase = "phase " + (index + 1) + "/" + count;
    this.readingFile = "";
    this.name = name;
  }

  /**
   * Rows of data are read. What is read in less than the time between two lines has none; the
   * phases of a plan are read one after the other, which takes as long as all of them.
   */
  private void reading(ReadingListener.Progress progress) {
    long now = nanoTime.getAsLong();
    if (!reading) {
      reading = true;
      lastReadingNanos = now;
    }
    if (!progress.file().equals(readingFile)) {
      readingFile = progress.file();
      readingSince = now;
      readTokensBefore = progress.tokens();
    }
    if (now - lastReadingNanos < (display.rewrites() ? STATUS_EVERY_NANOS : LINE_EVERY_NANOS)) {
      return;
    }
    lastReadingNanos = now;
    String text =
        EventText.of(progress) + rate(progress.tokens() - readTokensBefore, now - readingSince);
    if (display.rewrites()) {
      status(text);
    } else {
      message(text);
    }
  }

  private static String rate(long tokens, long nanos) {
    return nanos < STATUS_EVERY_NANOS || tokens == 0
        ? ""
        : ", %s tokens/s".formatted(Numbers.whole((long) (tokens * 1e9 / nanos)));
  }

  private void scanned(RunEvent.Scanned scanned, String text) {
    int done = scanned.done();
    int total = scanned.total();
    // Of a scan on the phase's way, off a terminal, only its outcome deserves a line.
    boolean onTheWay = scanned.step() > 0;
    if (display.rewrites() && (done < total || onTheWay)) {
      status(text);
    } else if (!onTheWay && (done == total || done * 10L / total > (done - 1) * 10L / total)) {
      // A line for each tenth is enough to see that it moves.
      message(text);
    }
  }

  private void step(MetricsRow row, OptionalDouble secondsLeft) {
    long now = nanoTime.getAsLong();
    if (display.rewrites()) {
      status(StepLine.brief(row, secondsLeft));
    } else if (deservesALine(row, now)) {
      message(StepLine.full(row, secondsLeft));
      lastLineNanos = now;
      saidAStep = true;
    }
  }

  private void message(String text) {
    display.say(phase + " " + name + ": " + text);
  }

  private void status(String text) {
    display.status(StepLine.fitted(phase, name, text, display.width()));
  }

  private boolean deservesALine(MetricsRow row, long now) {
    return !saidAStep
        || row.totalSteps() <= SHORT_STEPS
        || row.step() == row.totalSteps()
        || now - lastLineNanos >= LINE_EVERY_NANOS;
  }
}
