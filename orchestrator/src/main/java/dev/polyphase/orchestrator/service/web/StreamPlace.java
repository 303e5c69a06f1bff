package dev.polyphase.orchestrator.service.web;

import dev.polyphase.orchestrator.service.watch.Cursor;
import java.util.List;
import java.util.Optional;

/**
 * How far one who listens to a run has heard it; as text it is the id of events, so that a line
 * that was cut goes on where it was cut.
 *
 * @param begun when the run began, in seconds: one begun anew is another run
 * @param phase the phase whose rows come next, counted from 0
 * @param rows where in its {@code metrics.jsonl}
 * @param log where in {@code log.jsonl}
 */
record StreamPlace(long begun, int phase, Cursor rows, Cursor log) {

  String text() {
    return begun + ":" + phase + ":" + rows.text() + ":" + log.text();
  }

  /** A place from its text; empty where it is none. */
  static Optional<StreamPlace> parse(String text) {
    List<String> parts = List.of(text.split(":", -1));
    if (parts.size() != 4
        || !parts.get(0).matches("\\d{1,15}")
        || !parts.get(1).matches("\\d{1,6}")) {
      return Optional.empty();
    }
    Optional<Cursor> rows = Cursor.parse(parts.get(2));
    Optional<Cursor> log = Cursor.parse(parts.get(3));
    return rows.isPresent() && log.isPresent()
        ? Optional.of(
            new StreamPlace(
                Long.parseLong(parts.get(0)),
                Integer.parseInt(parts.get(1)),
                rows.get(),
                log.get()))
        : Optional.empty();
  }

  StreamPlace withRows(int newPhase, Cursor newRows) {
    return new StreamPlace(begun, newPhase, newRows, log);
  }

  StreamPlace withLog(Cursor newLog) {
    return new StreamPlace(begun, phase, rows, newLog);
  }
}
