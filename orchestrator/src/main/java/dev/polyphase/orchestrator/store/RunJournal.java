package dev.polyphase.orchestrator.store;

import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.SavedCheckpoint;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps {@code run.json} and {@code events.jsonl} in step with what happens to a run. What can't be
 * written at once is tried again with whatever happens next: what was trained does not depend on it
 * before the run's end.
 */
public final class RunJournal implements AutoCloseable {
  private final RunFolder run;
  private final Clock clock;
  private final Consumer<String> notes;
  private final EventLog events;
  private RunState state;
  private boolean written = true;
  private boolean told;

  private RunJournal(
      RunFolder run, Clock clock, Consumer<String> notes, EventLog events, RunState state) {
    this.run = run;
    this.clock = clock;
    this.notes = notes;
    this.events = events;
    this.state = state;
  }

  /**
   * Begins or goes on.
   *
   * @param state the state to begin with; it is written
   * @param event {@code run_started} or {@code run_resumed}
   * @param notes is told, in a sentence each, what can't be written later on
   * @throws IOException where the state can't be written now, when nothing depends on the run yet
   */
  public static RunJournal open(
      RunFolder run, RunState state, String event, Clock clock, Consumer<String> notes)
      throws IOException {
    RunStore.write(run, state);
    EventLog events = new EventLog(run, clock, notes);
    events.add(event, null, null);
    return new RunJournal(run, clock, notes, events, state);
  }

  /** The state, which may not be written yet. */
  public RunState state() {
    return state;
  }

  /** Whether {@code run.json} holds the state as it is. */
  public boolean isWritten() {
    return written;
  }

  /** A phase begins, on data with these digests, from these files, with those as reference. */
  public void phaseStarted(
      int index,
      Map<String, String> dataDigests,
      List<PhaseState.StartFile> start,
      List<PhaseState.StartFile> reference) {
    PhaseState phase = state.phases().get(index);
    change(state.withPhase(index, phase.begun(dataDigests, start, reference), now()));
    add("phase_started", phase.name(), null);
  }

  /** A phase goes on from the checkpoint of a step. */
  public void phaseResumed(int index, long step) {
    add("phase_resumed", state.phases().get(index).name(), null, Map.of("step", step));
  }

  /** A checkpoint of a phase is complete. */
  public void checkpointSaved(int index, SavedCheckpoint saved) {
    Map<String, Number> figures = new LinkedHashMap<>();
    figures.put("step", saved.step());
    figures.put("bytes", saved.bytes());
    figures.put("seconds", saved.stoodStillSeconds());
    add("checkpoint_saved", state.phases().get(index).name(), null, figures);
  }

  /** Something to remember about a phase. */
  public void note(int index, String sentence) {
    add("note", state.phases().get(index).name(), sentence);
  }

  /** Something to remember about the whole run. */
  public void note(String sentence) {
    add("note", null, sentence);
  }

  /** A phase is done, its model complete. */
  public void phaseFinished(int index, PhaseResult result) {
    PhaseState phase = state.phases().get(index);
    change(state.withPhase(index, phase.finished(result), now()));
    add("phase_finished", phase.name(), null);
  }

  /**
   * The whole run stopped or ended.
   *
   * @throws IOException where the state can't be written: whoever reads it would not know
   */
  public void ended(RunState.Status status, @Nullable String message) throws IOException {
    change(state.with(status, message, now()));
    write();
    events.add("run_" + status.name().toLowerCase(Locale.ROOT), null, message);
  }

  private void change(RunState changed) {
    state = changed;
    written = false;
  }

  private void add(String event, @Nullable String phase, @Nullable String message) {
    add(event, phase, message, Map.of());
  }

  private void add(
      String event,
      @Nullable String phase,
      @Nullable String message,
      Map<String, ? extends Number> figures) {
    try {
      write();
    } catch (IOException e) {
      if (!told) {
        told = true;
        notes.accept(
            FileFailure.cause(run.runJson(), e)
                + "; the state of the run is written as soon as it can be, and all else goes on");
      }
    }
    events.add(event, phase, message, figures);
  }

  private void write() throws IOException {
    if (!written) {
      RunStore.write(run, state);
      written = true;
      told = false;
    }
  }

  private String now() {
    return clock.instant().toString();
  }

  /** Tries once more what could not be written, and says what is still missing. */
  @Override
  public void close() {
    events.close();
    if (events.waiting() > 0) {
      notes.accept(
          "%s lacks its last %d lines, which could not be written"
              .formatted(run.eventsJsonl(), events.waiting()));
    }
  }
}
