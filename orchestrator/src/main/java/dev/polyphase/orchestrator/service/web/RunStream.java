package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.service.watch.Cursor;
import dev.polyphase.orchestrator.service.watch.LineFile;
import dev.polyphase.orchestrator.service.watch.RunReports;
import dev.polyphase.orchestrator.service.watch.RunRow;
import dev.polyphase.orchestrator.service.watch.RunWatcher;
import dev.polyphase.orchestrator.service.watch.Snapshot;
import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.orchestrator.store.RunStore;
import io.javalin.http.Context;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What one who listens to a run hears: its state, rows of figures, lines of its log. */
final class RunStream {
  private static final int ROWS_AT_ONCE = 1 << 17;

  private final RunWatcher watcher;
  private final RunReports reports;
  private final Duration heartbeat;
  private final String id;
  private final RunFolder run;
  private @Nullable StreamPlace place;
  private @Nullable RunRow saidRow;
  private @Nullable String saidTag;

  RunStream(RunWatcher watcher, RunReports reports, Duration heartbeat, RunRow row) {
    this.watcher = watcher;
    this.reports = reports;
    this.heartbeat = heartbeat;
    this.id = row.id();
    this.run = new RunFolder(row.folder());
  }

  /**
   * Begins where the request says: behind an id that was heard, at rows and lines that were read,
   * or now.
   */
  void beginAt(Context request) throws IOException {
    @Nullable String header = request.header("Last-Event-ID");
    @Nullable String heard = header == null ? request.queryParam("last_event_id") : header;
    Optional<StreamPlace> known = StreamPlace.parse(heard == null ? "" : heard);
    if (known.isPresent()) {
      place = known.get();
      return;
    }
    Optional<RunState> state = state();
    int phase = state.isEmpty() ? 0 : lastBegun(state.get());
    if (request.queryParam("phase") != null) {
      phase = (int) Math.min(phase, Parameters.number(request, "phase", 0));
    }
    Cursor log =
        new LineFile(run.logJsonl()).atByte(Parameters.number(request, "log", Long.MAX_VALUE));
    Cursor rows =
        state.isEmpty()
            ? Cursor.START
            : rows(state.get(), phase)
                .behindLines(Parameters.number(request, "after", Long.MAX_VALUE));
    place = new StreamPlace(begun(state), phase, rows, log);
  }

  /** Says all that there is to say until the line is cut or the run is gone. */
  void tell(EventStream stream) throws IOException, InterruptedException {
    Snapshot snapshot = watcher.latest();
    while (!watcher.closed()) {
      Optional<RunRow> row = snapshot.run(id);
      if (row.isEmpty()) {
        // Who asks again is told that there is no such run.
        return;
      }
      sayWhatIsNew(stream, row.get());
      Snapshot before = snapshot;
      snapshot = awaitOther(snapshot);
      if (snapshot.number() == before.number()) {
        stream.ping();
      }
    }
  }

  /** Changes of other runs are waited through. */
  private Snapshot awaitOther(Snapshot known) throws InterruptedException {
    long end = System.nanoTime() + heartbeat.toNanos();
    Snapshot latest = known;
    while (!watcher.closed()) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        return known;
      }
      latest = watcher.awaitOther(latest, Duration.ofNanos(left));
      if (latest.version(id) != known.version(id) || !latest.run(id).equals(known.run(id))) {
        return latest;
      }
    }
    return latest;
  }

  private void sayWhatIsNew(EventStream stream, RunRow row) throws IOException {
    Optional<RunState> state = state();
    StreamPlace at = place == null ? start(state) : place;
    if (state.isPresent() && at.begun() != begun(state)) {
      // It had no state before, or was begun anew since.
      at =
          at.begun() == 0
              ? new StreamPlace(begun(state), at.phase(), at.rows(), at.log())
              : start(state);
      saidTag = null;
    }
    if (!row.equals(saidRow)) {
      stream.send("state", at.text(), Json.run(row));
      saidRow = row;
    }
    if (state.isPresent()) {
      sayFigure(stream, at);
      at = sayRows(stream, state.get(), at);
    }
    place = sayLines(stream, at);
  }

  private void sayFigure(EventStream stream, StreamPlace at) throws IOException {
    String tag = tag();
    if (!tag.isEmpty() && !tag.equals(saidTag)) {
      stream.send("figure", at.text(), Json.object().put("etag", tag));
      saidTag = tag;
    }
  }

  /** Empty where the run's files can't be read, as while they are moved. */
  private String tag() {
    try {
      return reports.tag(run);
    } catch (IOException | RuntimeException e) {
      return "";
    }
  }

  private StreamPlace sayRows(EventStream stream, RunState state, StreamPlace from)
      throws IOException {
    StreamPlace at = from.phase() > lastBegun(state) ? from.withRows(0, Cursor.START) : from;
    while (true) {
      LineFile.Lines read = rows(state, at.phase()).after(at.rows(), ROWS_AT_ONCE);
      if (!read.lines().isEmpty()) {
        at = at.withRows(at.phase(), read.next());
        ObjectNode data = Json.object().put("phase", at.phase()).put("from", read.from().line());
        ParsedLines.addTo(data.putArray("rows"), read.lines());
        stream.send("rows", at.text(), data.put("next", read.next().line()));
      } else if (at.phase() < lastBegun(state)) {
        at = at.withRows(at.phase() + 1, Cursor.START);
      } else {
        return at.withRows(at.phase(), read.next());
      }
    }
  }

  private StreamPlace sayLines(EventStream stream, StreamPlace from) throws IOException {
    StreamPlace at = from;
    while (true) {
      LineFile.Lines read = new LineFile(run.logJsonl()).after(at.log(), ROWS_AT_ONCE);
      at = at.withLog(read.next());
      if (read.lines().isEmpty()) {
        return at;
      }
      ObjectNode data = Json.object().put("from", read.from().bytes());
      ArrayNode lines = data.putArray("lines");
      ParsedLines.addTo(lines, read.lines());
      stream.send("lines", at.text(), data.put("next", read.next().bytes()));
    }
  }

  private LineFile rows(RunState state, int phase) {
    return phase < state.phases().size()
        ? new LineFile(run.phase(phase, state.phases().get(phase).name()).metricsJsonl())
        : new LineFile(run.path().resolve("metrics.jsonl"));
  }

  private static int lastBegun(RunState state) {
    int last = 0;
    for (int i = 0; i < state.phases().size(); i++) {
      if (state.phases().get(i).status() != PhaseState.Status.PENDING) {
        last = i;
      }
    }
    return last;
  }

  private static StreamPlace start(Optional<RunState> state) {
    return new StreamPlace(begun(state), 0, Cursor.START, Cursor.START);
  }

  private static long begun(Optional<RunState> state) {
    return state.map(known -> Instant.parse(known.started()).getEpochSecond()).orElse(0L);
  }

  /** Empty where there is none that can be read. */
  private Optional<RunState> state() {
    try {
      return RunStore.read(run);
    } catch (IOException | RuntimeException e) {
      return Optional.empty();
    }
  }
}
