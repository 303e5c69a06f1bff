package dev.polyphase.orchestrator.store;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The state of a run, as {@code run.json} holds it. Immutable: every change is a new value, written
 * at once.
 *
 * @param name the pipeline's name
 * @param status where the run stands
 * @param message why it failed or was interrupted, or what a finished run still lacks; or null
 * @param polyphase the version that ran last
 * @param started when the run began, as ISO 8601 in UTC
 * @param updated when this state was written, likewise
 * @param settings the pipeline's settings that the weights of every phase depend on, by key
 * @param phases its phases, in order
 */
public record RunState(
    String name,
    Status status,
    @Nullable String message,
    String polyphase,
    String started,
    String updated,
    Map<String, String> settings,
    List<PhaseState> phases) {

  /** Where a run stands. */
  public enum Status {
    /** A process works on it, or died while it did. */
    @JsonProperty("running")
    RUNNING,
    /** It was asked to stop; the same command resumes it. */
    @JsonProperty("interrupted")
    INTERRUPTED,
    /** It stopped at a fault; the same command resumes it. */
    @JsonProperty("failed")
    FAILED,
    /** All phases are done. */
    @JsonProperty("finished")
    FINISHED
  }

  /** A state that lacks nothing, whose times are times: what a file holds may be anything. */
  public RunState {
    requireNonNull(name);
    requireNonNull(status);
    requireNonNull(polyphase);
    started = Instant.parse(started).toString();
    updated = Instant.parse(updated).toString();
    settings = Map.copyOf(settings);
    phases = List.copyOf(phases);
  }

  /** The number of finished phases at the start of the run. */
  public int finishedPhases() {
    int finished = 0;
    while (finished < phases.size() && phases.get(finished).finished()) {
      finished++;
    }
    return finished;
  }

  /** This state with another status. */
  public RunState with(Status newStatus, @Nullable String newMessage, String now) {
    return new RunState(name, newStatus, newMessage, polyphase, started, now, settings, phases);
  }

  /** This state with another state of the phase at {@code index}. */
  public RunState withPhase(int index, PhaseState phase, String now) {
    List<PhaseState> changed = new ArrayList<>(phases);
    changed.set(index, phase);
    return new RunState(name, status, message, polyphase, started, now, settings, changed);
  }

  /** This state of its first phases alone. */
  public RunState firstPhases(int count) {
    return new RunState(
        name, status, message, polyphase, started, updated, settings, phases.subList(0, count));
  }
}
