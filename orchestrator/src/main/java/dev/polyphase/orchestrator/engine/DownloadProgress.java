package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.events.TimeLeft;
import dev.polyphase.orchestrator.hub.DownloadListener;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;

/**
 * What a user sees of a download: what and how much before it begins, and then on a terminal the
 * last line ten times a second, elsewhere a line in ten seconds.
 */
public final class DownloadProgress implements DownloadListener {
  private static final long STATUS_EVERY_NANOS = 100_000_000L;
  private static final long LINE_EVERY_NANOS = 10_000_000_000L;

  private final Display display;
  private final LongSupplier nanoTime;
  private TimeLeft timeLeft = new TimeLeft();
  private String what = "";
  private long total;
  private long there;
  private long lastSaid;

  /**
   * Progress on a display.
   *
   * @param nanoTime a clock as {@link System#nanoTime}
   */
  public DownloadProgress(Display display, LongSupplier nanoTime) {
    this.display = display;
    this.nanoTime = nanoTime;
  }

  @Override
  public synchronized void begins(String what, String from, int files, long bytes, long there) {
    this.what = what;
    this.total = bytes;
    this.there = there;
    timeLeft = new TimeLeft();
    lastSaid = nanoTime.getAsLong();
    timeLeft.stepped(there, lastSaid);
    display.say(
        "downloading the %s from %s: %s, %s%s"
            .formatted(
                what,
                from,
                files == 1 ? "1 file" : Numbers.whole(files) + " files",
                Numbers.bytes(bytes),
                there == 0 ? "" : ", of which " + Numbers.bytes(there) + " are there"));
  }

  @Override
  public synchronized void received(long bytes) {
    there += bytes;
    long now = nanoTime.getAsLong();
    if (bytes < 0) {
      // What was thrown away says nothing of how fast the rest comes.
      timeLeft = new TimeLeft();
      timeLeft.stepped(there, now);
    }
    if (now - lastSaid < (display.rewrites() ? STATUS_EVERY_NANOS : LINE_EVERY_NANOS)) {
      return;
    }
    lastSaid = now;
    timeLeft.stepped(there, now);
    String figures = Numbers.bytes(there) + " of " + Numbers.bytes(total);
    OptionalDouble seconds = timeLeft.seconds(total);
    if (seconds.isPresent() && Double.isFinite(seconds.getAsDouble())) {
      figures += ", " + StepLine.duration(seconds.getAsDouble()) + " left";
    }
    if (display.rewrites()) {
      display.status(StepLine.fitted("downloading", what, figures, display.width()));
    } else {
      display.say("downloading the " + what + ": " + figures);
    }
  }

  @Override
  public void say(String sentence) {
    display.say(sentence);
  }

  @Override
  public void ends() {
    display.clear();
  }
}
