package dev.polyphase.orchestrator.log;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.events.Level;
import dev.polyphase.orchestrator.events.RunObserver;
import dev.polyphase.orchestrator.events.StampedEvent;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.function.LongSupplier;

/**
 * The lines of the log on standard error, for a program that gathers those of many processes. What
 * is said besides, of a download or an error, is a line with less in it.
 */
public final class JsonMessages implements RunObserver {
  private final PrintWriter out;
  private final Clock clock;
  private final Pace pace;
  private String run = "";

  /**
   * Lines on {@code out}, which is flushed after each.
   *
   * @param clock the time of what is no event
   * @param nanoTime a clock as {@link System#nanoTime}, by which frequent events are thinned
   */
  public JsonMessages(PrintWriter out, Clock clock, LongSupplier nanoTime) {
    this.out = out;
    this.clock = clock;
    this.pace = new Pace(nanoTime);
  }

  /** From here on it is about a run. */
  public synchronized void about(String name) {
    run = name;
  }

  /** A sentence that no event tells. */
  public synchronized void say(Level level, String sentence) {
    print(LogLine.head(clock.instant(), level, run).put("message", sentence));
  }

  @Override
  public synchronized void on(StampedEvent happened) {
    pace.due(happened).forEach(due -> print(LogLine.of(due)));
  }

  private void print(ObjectNode line) {
    out.println(line);
    out.flush();
  }
}
