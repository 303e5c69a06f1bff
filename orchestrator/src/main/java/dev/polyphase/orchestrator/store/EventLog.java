package dev.polyphase.orchestrator.store;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/** The log of what happened to a run, {@code events.jsonl}: lines are added, never changed. */
public final class EventLog implements AutoCloseable {
  private final JsonLines lines;
  private final Clock clock;

  private EventLog(JsonLines lines, Clock clock) {
    this.lines = lines;
    this.clock = clock;
  }

  /** Opens the log of a run to add to it. */
  public static EventLog open(RunFolder run, Clock clock) throws IOException {
    return new EventLog(JsonLines.append(run.eventsJsonl()), clock);
  }

  /**
   * Adds an event.
   *
   * @param event what happened, as {@code phase_started}
   * @param phase the name of the phase, or null where it is the run
   * @param message more about it, or null
   */
  public void add(String event, @Nullable String phase, @Nullable String message)
      throws IOException {
    ObjectNode line = JsonNodeFactory.instance.objectNode();
    line.put("time", clock.instant().toString());
    line.put("event", event);
    if (phase != null) {
      line.put("phase", phase);
    }
    if (message != null) {
      line.put("message", message);
    }
    lines.add(line);
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
