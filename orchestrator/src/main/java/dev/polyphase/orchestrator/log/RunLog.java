package dev.polyphase.orchestrator.log;

import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.RunObserver;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.orchestrator.store.JsonLines;
import dev.polyphase.orchestrator.store.RunFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The log of a run, {@code log.jsonl}: lines are added, never changed. What happens before the run
 * begins is written when it does, as nothing is written before. A line that can't be written waits
 * in memory, and never ends what it tells of.
 */
public final class RunLog implements RunObserver, AutoCloseable {
  private final Path file;
  private final Pace pace;
  private final Consumer<String> notes;
  private final List<StampedEvent> before = new ArrayList<>();
  private @Nullable JsonLines lines;

  /**
   * The log of a run that has not begun.
   *
   * @param nanoTime a clock as {@link System#nanoTime}, by which frequent events are thinned
   * @param notes is told, in a sentence each, what can't be written
   */
  public RunLog(RunFolder run, LongSupplier nanoTime, Consumer<String> notes) {
    this.file = run.logJsonl();
    this.pace = new Pace(nanoTime);
    this.notes = notes;
  }

  /** The event of a line; empty where it is half a line, or none that this version writes. */
  public static Optional<StampedEvent> parse(String line) {
    return LogReader.parse(line);
  }

  @Override
  public synchronized void on(StampedEvent happened) {
    before.addAll(pace.due(happened));
    if (lines == null && happened.event() instanceof RunEvent.RunStarted) {
      lines = new JsonLines(file, notes);
    }
    if (lines != null) {
      for (StampedEvent one : before) {
        lines.add(LogLine.of(one));
      }
      before.clear();
    }
  }

  /** Lets go of the file, having tried once more to write what waits. */
  @Override
  public synchronized void close() {
    if (lines != null) {
      lines.close();
      if (lines.waiting() > 0) {
        notes.accept(
            "%s lacks its last %d lines, which could not be written"
                .formatted(file, lines.waiting()));
      }
    }
  }
}
