package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.events.TimeLeft;
import dev.polyphase.rescanner.ModuleSpectrum;
import dev.polyphase.rescanner.ScanListener;
import dev.polyphase.rescanner.ScanTargets;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What a user sees of a scan: matrices and bytes measured, and the time that the rest will take. On
 * a terminal a bar that grows in the last line, elsewhere a line a tenth, and one in a minute. What
 * is a lot of work is said before it begins.
 */
public final class ScanProgress implements ScanListener {
  private static final int BAR = 24;

  /** Some minutes of a small machine: elements times the shorter side. */
  private static final double MUCH_WORK = 1e13;

  private static final long NANOS_WITHOUT_A_LINE = TimeUnit.MINUTES.toNanos(1);

  private final Display display;
  private final LongSupplier nanoTime;
  private final TimeLeft timeLeft = new TimeLeft();
  private final ScanWork work;
  private long lastLineNanos;

  /**
   * Progress from now on.
   *
   * @param nanoTime a clock as {@link System#nanoTime}
   */
  public ScanProgress(ScanTargets targets, Display display, LongSupplier nanoTime) {
    this.display = display;
    this.nanoTime = nanoTime;
    this.work = new ScanWork(targets);
    this.lastLineNanos = nanoTime.getAsLong();
    timeLeft.stepped(0, lastLineNanos);
    if (work.total() >= MUCH_WORK) {
      display.say(
          String.format(
              Locale.ROOT, "scanning %d matrices, %.1f MB", work.matrices(), work.bytes() / 1e6));
    }
  }

  @Override
  public void measured(ModuleSpectrum module, int done, int total) {
    // A tied head shares the embeddings' tensor, which is measured once.
    if (!work.measured(module.target())) {
      return;
    }
    long now = nanoTime.getAsLong();
    timeLeft.stepped(work.done(), now);
    int matrices = work.matricesDone();
    if (display.rewrites() && matrices < work.matrices()) {
      String line = bar() + " " + figures();
      display.status(line.substring(0, Math.min(line.length(), display.width())));
    } else if (matrices == work.matrices()
        || matrices * 10L / work.matrices() > (matrices - 1) * 10L / work.matrices()
        || now - lastLineNanos >= NANOS_WITHOUT_A_LINE) {
      lastLineNanos = now;
      display.say("scanned " + figures());
    }
  }

  /** Filled as far as the work is done. */
  private String bar() {
    int filled = work.total() == 0 ? BAR : (int) (BAR * ((double) work.done() / work.total()));
    return "[" + "=".repeat(filled) + " ".repeat(BAR - filled) + "]";
  }

  private String figures() {
    String text =
        String.format(
            Locale.ROOT,
            "%d/%d matrices, %.1f of %.1f MB",
            work.matricesDone(),
            work.matrices(),
            work.bytesDone() / 1e6,
            work.bytes() / 1e6);
    OptionalDouble seconds = timeLeft.seconds(work.total());
    return work.matricesDone() == work.matrices() || seconds.isEmpty()
        ? text
        : text + ", " + StepLine.duration(seconds.getAsDouble()) + " left";
  }
}
