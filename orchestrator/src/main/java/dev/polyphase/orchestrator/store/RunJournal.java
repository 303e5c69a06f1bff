package dev.polyphase.orchestrator.store;

import dev.polyphase.phases.api.PhaseResult;
import java.io.IOException;
import java.time.Clock;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Keeps {@code run.json} and {@code events.jsonl} in step with what happens to a run. */
public final class RunJournal implements AutoCloseable {
  private final RunFolder run;
  private final Clock clock;
  private final EventLog events;
  private RunState state;

  private RunJournal(RunFolder run, Clock clock, EventLog events, RunState state) {
    this.run = run;
    this.clock = clock;
    this.events = events;
    this.state = state;
  }

  /**
   * Begins or goes on.
   *
   * @param state the state to begin with; it is written
   * @param event {@code run_started} or {@code run_resumed}
   */
  public static RunJournal open(RunFolder run, RunState state, String event, Clock clock)
      throws IOException {
    RunStore.write(run, state);
    EventLog events = EventLog.open(run, clock);
    try {
      events.add(event, null, null);
    } catch (IOException e) {
      events.close();
      throw e;
    }
    return new RunJournal(run, clock, events, state);
  }

  /** The state as written. */
  public RunState state() {
    return state;
  }

  /** A phase begins, on data with these digests. */
  public void phaseStarted(int index, Map<String, String> dataDigests) throws IOException {
    PhaseState phase = state.phases().get(index);
    save(state.withPhase(index, phase.begun(dataDigests), now()));
    events.add("phase_started", phase.name(), null);
  }

  /** Something to remember about a phase. */
  public void note(int index, String sentence) throws IOException {
    events.add("note", state.phases().get(index).name(), sentence);
  }

  /** A phase is done, its model complete. */
  public void phaseFinished(int index, PhaseResult result) throws IOException {
    PhaseState phase = state.phases().get(index);
    save(state.withPhase(index, phase.finished(result), now()));
    events.add("phase_finished", phase.name(), null);
  }

  /** The whole run stopped or ended. */
  public void ended(RunState.Status status, @Nullable String message) throws IOException {
    save(state.with(status, message, now()));
    events.add("run_" + status.name().toLowerCase(Locale.ROOT), null, message);
  }

  private void save(RunState changed) throws IOException {
    RunStore.write(run, changed);
    state = changed;
  }

  private String now() {
    return clock.instant().toString();
  }

  @Override
  public void close() throws IOException {
    events.close();
  }
}
