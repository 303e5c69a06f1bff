package dev.polyphase.orchestrator.store;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The log of what happened to a run, {@code events.jsonl}: lines are added, never changed. One that
 * can't be written waits in memory, and never ends what it tells of.
 */
public final class EventLog implements AutoCloseable {
  private final JsonLines lines;
  private final Clock clock;

  /**
   * The log of a run, to add to it.
   *
   * @param notes is told, in a sentence each, what can't be written
   */
  public EventLog(RunFolder run, Clock clock, Consumer<String> notes) {
    this.lines = new JsonLines(run.eventsJsonl(), notes);
    this.clock = clock;
  }

  /**
   * Adds an event.
   *
   * @param event what happened, as {@code phase_started}
   * @param phase the name of the phase, or null where it is the run
   * @param message more about it, or null
   */
  public void add(String event, @Nullable String phase, @Nullable String message) {
    add(event, phase, message, Map.of());
  }

  /**
   * Adds an event that has figures.
   *
   * @param figures by name, in the order of writing
   */
  void add(
      String event,
      @Nullable String phase,
      @Nullable String message,
      Map<String, ? extends Number> figures) {
    ObjectNode line = JsonNodeFactory.instance.objectNode();
    line.put("time", clock.instant().toString());
    line.put("event", event);
    if (phase != null) {
      line.put("phase", phase);
    }
    if (message != null) {
      line.put("message", message);
    }
    figures.forEach((name, value) -> MetricsLog.put(line, name, value));
    lines.add(line);
  }

  /** How many events, all of them the last, the file lacks. */
  public long waiting() {
    return lines.waiting();
  }

  /** Lets go of the file, having tried once more. */
  @Override
  public void close() {
    lines.close();
  }
}
