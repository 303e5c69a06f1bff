package dev.polyphase.orchestrator.index;

import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.PhaseResult;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The tables {@code runs}, {@code phases} and {@code checkpoints}.
 *
 * @param home whose runs are meant: several may share a database
 */
record RunTables(String home) {

  /**
   * What a folder was like when it was read.
   *
   * @param phaseFolder the folder's name of the phase that the run was in; or null
   * @param present whether it was there
   */
  record Stamp(Path folder, String stamp, @Nullable String phaseFolder, boolean present) {}

  List<Stamp> stamps(Connection connection) throws SQLException {
    return Rows.of(
        connection,
        "SELECT folder, stamp, phase_folder, present FROM runs WHERE home = ?",
        row ->
            new Stamp(
                Path.of(row.getString("folder")),
                row.getString("stamp"),
                row.getString("phase_folder"),
                row.getBoolean("present")),
        home);
  }

  /** The folder's name of the phase that a run is in, or was in last. */
  static @Nullable String phaseFolder(@Nullable RunState state) {
    @Nullable PhaseState phase = phase(state);
    return phase == null ? null : phase.folder();
  }

  private static @Nullable String phaseName(@Nullable RunState state) {
    @Nullable PhaseState phase = phase(state);
    return phase == null ? null : phase.name();
  }

  private static @Nullable PhaseState phase(@Nullable RunState state) {
    return state == null || state.phases().isEmpty()
        ? null
        : state.phases().get(RunReading.current(state));
  }

  int leave(Connection connection, String id) throws SQLException {
    return Rows.change(
        connection, "UPDATE runs SET present = FALSE WHERE home = ? AND id = ?", home, id);
  }

  int clear(Connection connection) throws SQLException {
    return Rows.change(connection, "DELETE FROM runs WHERE home = ?", home);
  }

  /** Puts what a folder says in the place of what was known of it. */
  int write(Connection connection, RunReading reading, String stamp) throws SQLException {
    String id = KnownFolders.id(reading.folder());
    Rows.change(connection, "DELETE FROM runs WHERE home = ? AND id = ?", home, id);
    @Nullable RunState state = reading.state();
    Rows.change(
        connection,
        """
        INSERT INTO runs (home, id, name, folder, status, message, polyphase, started, updated,
          phase, phase_folder, finished_phases, num_phases, stamp, present)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, TRUE)
        """,
        home,
        id,
        text(state == null ? reading.folder().getFileName().toString() : state.name()),
        reading.folder().toString(),
        state == null ? null : state.status().name(),
        text(state == null ? reading.problem() : state.message()),
        text(state == null ? null : state.polyphase()),
        state == null ? null : Instant.parse(state.started()),
        state == null ? null : Instant.parse(state.updated()),
        phaseName(state),
        phaseFolder(state),
        state == null ? 0 : state.finishedPhases(),
        state == null ? 0 : state.phases().size(),
        stamp);
    if (state != null) {
      for (int i = 0; i < state.phases().size(); i++) {
        writePhase(connection, id, i, state.phases().get(i));
      }
    }
    for (IndexedCheckpoint checkpoint : reading.checkpoints()) {
      Rows.change(
          connection,
          """
          INSERT INTO checkpoints (home, run, place, step, training, folder)
          VALUES (?, ?, ?, ?, ?, ?)
          """,
          home,
          id,
          checkpoint.phase(),
          checkpoint.step(),
          checkpoint.training(),
          checkpoint.folder().toString());
    }
    return 1;
  }

  /** A file may say anything, and PostgreSQL has no NUL. */
  private static @Nullable String text(@Nullable String said) {
    return said == null ? null : said.replace('\0', '\uFFFD');
  }

  private void writePhase(Connection connection, String id, int place, PhaseState phase)
      throws SQLException {
    @Nullable PhaseResult result = phase.result();
    Rows.change(
        connection,
        """
        INSERT INTO phases (home, run, place, name, type, status, steps, tokens, trained_values,
          seconds)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        home,
        id,
        place,
        phase.name(),
        text(phase.type()),
        phase.status().name(),
        result == null ? null : result.steps(),
        result == null ? null : result.tokens(),
        result == null ? null : result.trainedValues(),
        result == null ? null : result.seconds());
  }

  List<IndexedRun> runs(Connection connection, boolean present) throws SQLException {
    return Rows.of(
        connection,
        "SELECT * FROM runs WHERE home = ? AND present = ?",
        RunTables::run,
        home,
        present);
  }

  private static IndexedRun run(ResultSet row) throws SQLException {
    @Nullable String status = row.getString("status");
    return new IndexedRun(
        row.getString("id"),
        row.getString("name"),
        Path.of(row.getString("folder")),
        status == null ? null : RunState.Status.valueOf(status.toUpperCase(Locale.ROOT)),
        false,
        row.getString("message"),
        Rows.time(row, "started"),
        Rows.time(row, "updated"),
        row.getString("phase"),
        row.getInt("finished_phases"),
        row.getInt("num_phases"));
  }

  List<IndexedPhase> phases(Connection connection, String id) throws SQLException {
    return Rows.of(
        connection,
        "SELECT * FROM phases WHERE home = ? AND run = ? ORDER BY place",
        row -> {
          double seconds = row.getDouble("seconds");
          boolean ended = !row.wasNull();
          return new IndexedPhase(
              row.getInt("place"),
              row.getString("name"),
              row.getString("type"),
              PhaseState.Status.valueOf(row.getString("status")),
              Rows.number(row, "steps"),
              Rows.number(row, "tokens"),
              Rows.number(row, "trained_values"),
              ended ? seconds : null);
        },
        home,
        id);
  }

  List<IndexedCheckpoint> checkpoints(Connection connection, String id) throws SQLException {
    return Rows.of(
        connection,
        "SELECT * FROM checkpoints WHERE home = ? AND run = ? ORDER BY place, training DESC, step",
        row ->
            new IndexedCheckpoint(
                row.getInt("place"),
                row.getLong("step"),
                row.getBoolean("training"),
                Path.of(row.getString("folder"))),
        home,
        id);
  }
}
