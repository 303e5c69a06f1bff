package dev.polyphase.orchestrator.engine;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.SavedCheckpoint;
import java.io.File;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;

/**
 * What a user sees of a run. On a terminal the steps rewrite one line; elsewhere each logged step
 * is a line, of a long phase one in ten seconds.
 */
public final class Progress {
  /** A phase with more steps is long. */
  private static final long SHORT_STEPS = 50;

  private static final long LINE_EVERY_NANOS = 10_000_000_000L;

  /** A line that is rewritten more often can't be read. */
  private static final long STATUS_EVERY_NANOS = 100_000_000L;

  private final Display display;
  private final LongSupplier nanoTime;
  private String phase = "";
  private String name = "";
  private TimeLeft timeLeft = new TimeLeft();
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

  /** A sentence about the run as a whole. */
  public void say(String sentence) {
    display.say(sentence);
  }

  /** A phase is checked: what follows is about it. */
  void checking(int index, int count, String name) {
    this.phase = "phase " + (index + 1) + "/" + count;
    this.readingFile = "";
    this.name = name;
  }

  void phaseStarted(int index, int count, String name) {
    checking(index, count, name);
    timeLeft = new TimeLeft();
    saidAStep = false;
    reading = false;
  }

  /**
   * Rows of data are read. What is read in less than the time between two lines has none; the
   * phases of a plan are read one after the other, which takes as long as all of them.
   */
  void reading(ReadingListener.Progress progress) {
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
        "reading %s, %s rows%s%s"
            .formatted(
                fileName(progress.file()),
                Numbers.whole(progress.rows()),
                progress.share().isPresent() ? percent(progress.share().getAsDouble()) : "",
                rate(progress.tokens() - readTokensBefore, now - readingSince));
    if (display.rewrites()) {
      status(text);
    } else {
      message(text);
    }
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, " (%.0f %%)", 100 * Math.min(1, share));
  }

  private static String rate(long tokens, long nanos) {
    return nanos < STATUS_EVERY_NANOS || tokens == 0
        ? ""
        : ", %s tokens/s".formatted(Numbers.whole((long) (tokens * 1e9 / nanos)));
  }

  private static String fileName(String file) {
    return file.substring(file.lastIndexOf(File.separatorChar) + 1);
  }

  void scanned(int done, int total) {
    if (display.rewrites() && done < total) {
      status("scanned " + done + "/" + total + " modules");
    } else if (done == total || done * 10L / total > (done - 1) * 10L / total) {
      // A line for each tenth is enough to see that it moves.
      message("scanned " + done + "/" + total + " modules");
    }
  }

  /** A scan on the phase's way begins; it may take minutes. */
  void rescanning(long step) {
    String text = "rescanning after step " + Numbers.whole(step);
    if (display.rewrites()) {
      status(text);
    } else {
      message(text);
    }
  }

  /** What it measured so far; off a terminal only its outcome deserves a line. */
  void rescanned(int done, int total) {
    if (display.rewrites()) {
      status("scanned " + done + "/" + total + " modules");
    }
  }

  void selected(int tensors) {
    message("trains " + tensors + " tensors");
  }

  void step(MetricsRow row) {
    if (!row.values().containsKey("loss")) {
      message(StepLine.full(row, OptionalDouble.empty()));
      return;
    }
    long now = nanoTime.getAsLong();
    timeLeft.stepped(row.step(), now);
    OptionalDouble secondsLeft = timeLeft.seconds(row.totalSteps());
    if (display.rewrites()) {
      status(StepLine.brief(row, secondsLeft));
    } else if (deservesALine(row, now)) {
      message(StepLine.full(row, secondsLeft));
      lastLineNanos = now;
      saidAStep = true;
    }
  }

  void note(String sentence) {
    message(sentence);
  }

  void saved(SavedCheckpoint checkpoint) {
    message(
        String.format(
            Locale.ROOT,
            "saved the state after step %,d, %s, for which training stood still for %.1f s",
            checkpoint.step(),
            Numbers.bytes(checkpoint.bytes()),
            checkpoint.stoodStillSeconds()));
  }

  void phaseFinished(PhaseResult result) {
    double share = 100.0 * result.changedValues() / Math.max(1, result.savedValues());
    String values =
        result.savedValues() == result.trainedValues()
            ? "trained values"
            : "values that adapters were merged into";
    message(
        String.format(
            Locale.ROOT,
            "%,d steps in %.1f s, %,d of %,d %s changed as they are saved (%.1f %%)",
            result.steps(),
            result.seconds(),
            result.changedValues(),
            result.savedValues(),
            values,
            share));
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
