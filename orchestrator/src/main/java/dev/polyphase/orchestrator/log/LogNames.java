package dev.polyphase.orchestrator.log;

import dev.polyphase.orchestrator.events.RunEvent;
import java.util.Map;

/** What lines of the log call events. Scripts read them: they are a contract. */
final class LogNames {
  static final String RUN = "run_";
  static final String RUN_STARTED = "run_started";
  static final String RUN_RESUMED = "run_resumed";
  static final String PHASE_CHECKING = "phase_checking";
  static final String PHASE_STARTED = "phase_started";
  static final String PHASE_RESUMED = "phase_resumed";
  static final String PHASE_FINISHED = "phase_finished";
  static final String READING = "reading";
  static final String SCAN_STARTED = "scan_started";
  static final String SCANNED = "scanned";
  static final String SELECTED = "selected";
  static final String STEP = "step";
  static final String EVALUATED = "evaluated";
  static final String NOTE = "note";
  static final String SAVED = "saved";

  /** Of those events that have one name. */
  private static final Map<Class<? extends RunEvent>, String> NAMES =
      Map.ofEntries(
          Map.entry(RunEvent.PhaseChecking.class, PHASE_CHECKING),
          Map.entry(RunEvent.PhaseStarted.class, PHASE_STARTED),
          Map.entry(RunEvent.PhaseResumed.class, PHASE_RESUMED),
          Map.entry(RunEvent.PhaseFinished.class, PHASE_FINISHED),
          Map.entry(RunEvent.Reading.class, READING),
          Map.entry(RunEvent.ScanStarted.class, SCAN_STARTED),
          Map.entry(RunEvent.Scanned.class, SCANNED),
          Map.entry(RunEvent.Selected.class, SELECTED),
          Map.entry(RunEvent.Noted.class, NOTE),
          Map.entry(RunEvent.Said.class, NOTE),
          Map.entry(RunEvent.Saved.class, SAVED));

  private LogNames() {}

  /** The name of an event of that class. */
  static String of(Class<? extends RunEvent> event) {
    String name = NAMES.get(event);
    if (name == null) {
      throw new IllegalArgumentException(event.getSimpleName() + " has several names, or none yet");
    }
    return name;
  }
}
