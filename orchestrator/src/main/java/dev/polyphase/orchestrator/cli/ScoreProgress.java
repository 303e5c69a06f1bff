package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.Display;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What a user sees of {@code score}. A row of a million tokens is one call that takes minutes, so
 * that a clock, not the next row, decides when something is said: on a terminal each second, in the
 * last line, elsewhere a line in ten.
 */
final class ScoreProgress implements AutoCloseable {
  private static final long STATUS_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LINE_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Display display;
  private final LongSupplier nanoTime;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "score-progress");
            thread.setDaemon(true);
            return thread;
          });

  private String doing;
  private long lastSaid;

  /**
   * Progress from now on.
   *
   * @param first what is done until the first row is scored
   * @param nanoTime a clock as {@link System#nanoTime}
   */
  ScoreProgress(Display display, String first, LongSupplier nanoTime) {
    this.display = display;
    this.nanoTime = nanoTime;
    this.doing = first;
    this.lastSaid = nanoTime.getAsLong();
  }

  /** Looks at the clock by itself until it is closed. */
  void start() {
    Future<?> unused =
        clock.scheduleAtFixedRate(
            this::look, STATUS_EVERY_NANOS, STATUS_EVERY_NANOS, TimeUnit.NANOSECONDS);
  }

  /** A row is about to be scored. */
  synchronized void scoring(int row, int rows, int tokens) {
    doing = String.format(Locale.ROOT, "scoring row %,d of %,d, %,d tokens", row, rows, tokens);
  }

  /** Says what is done where enough time has passed. */
  synchronized void look() {
    long now = nanoTime.getAsLong();
    if (now - lastSaid < (display.rewrites() ? STATUS_EVERY_NANOS : LINE_EVERY_NANOS)) {
      return;
    }
    lastSaid = now;
    if (display.rewrites()) {
      display.status(doing.substring(0, Math.min(doing.length(), display.width())));
    } else {
      display.say(doing);
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
    display.clear();
  }
}
