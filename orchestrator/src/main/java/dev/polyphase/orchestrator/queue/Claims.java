package dev.polyphase.orchestrator.queue;

import dev.polyphase.orchestrator.index.Rows;
import dev.polyphase.orchestrator.queue.QueueRow.Wish;
import dev.polyphase.orchestrator.queue.QueuedRun.State;
import dev.polyphase.processes.ProcessMark;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a worker does to the tables {@code queue} and {@code device_slots}. Each change names whose
 * the run is: of two workers that want the same the second changes nothing.
 */
final class Claims {
  private static final String ACTIVE = QueueRow.words(State.RUNNING, State.STOPPING);

  private Claims() {}

  /** Those that wait and whose time has come, who begins first at the head. */
  static List<QueueRow> waiting(Connection connection, Instant now) throws SQLException {
    return Rows.of(
        connection,
        "SELECT * FROM queue WHERE state = ? AND (not_before IS NULL OR not_before <= ?)"
            + " ORDER BY priority DESC, number",
        QueueRow::of,
        QueueRow.word(State.WAITING),
        now);
  }

  /** Those that others wait for, by their numbers. */
  static Map<Long, QueuedRun> awaited(Connection connection) throws SQLException {
    return Rows.of(
            connection,
            "SELECT * FROM queue WHERE number IN (SELECT follows FROM queue WHERE state = ?)",
            QueueRow::of,
            QueueRow.word(State.WAITING))
        .stream()
        .map(QueueRow::run)
        .collect(Collectors.toMap(QueuedRun::number, Function.identity()));
  }

  /** Those that a process runs, or should. */
  static List<QueueRow> active(Connection connection) throws SQLException {
    return Rows.of(
        connection,
        "SELECT * FROM queue WHERE state IN " + ACTIVE + " ORDER BY number",
        QueueRow::of);
  }

  /** The devices of a place that runs have. */
  static Set<String> taken(Connection connection, String place) throws SQLException {
    return Set.copyOf(
        Rows.of(
            connection,
            "SELECT device FROM device_slots WHERE place = ?",
            row -> row.getString("device"),
            place));
  }

  /** Frees devices of runs that are not run any more. */
  static int freeDevices(Connection connection) throws SQLException {
    return Rows.change(
        connection,
        "DELETE FROM device_slots WHERE number NOT IN (SELECT number FROM queue WHERE state IN "
            + ACTIVE
            + ")");
  }

  /**
   * Takes a run that waits, and its devices. Where another has one of them by now the transaction
   * fails as one that adds a row twice.
   *
   * @return whether it still waited
   */
  static boolean claim(
      Connection connection,
      QueueRow row,
      String owner,
      String place,
      List<String> devices,
      ChildFolder child,
      Instant now)
      throws SQLException {
    int claimed =
        Rows.change(
            connection,
            """
            UPDATE queue SET state = ?, owner = ?, place = ?, child = ?, device = ?,
              attempts = attempts + 1, not_before = NULL, message = NULL, wish = NULL,
              signalled = FALSE, pid = NULL, pid_start = NULL, started = ?
            WHERE number = ? AND state = ?
            """,
            QueueRow.word(State.RUNNING),
            owner,
            place,
            child.path().toString(),
            QueueRow.list(devices),
            now,
            row.run().number(),
            QueueRow.word(State.WAITING));
    if (claimed == 0) {
      return false;
    }
    // In one order everywhere: two that want the same two must not wait for each other.
    for (String device : new TreeSet<>(devices)) {
      Rows.change(
          connection,
          "INSERT INTO device_slots (place, device, number) VALUES (?, ?, ?)",
          place,
          device,
          row.run().number());
    }
    return true;
  }

  /** The process of a run is there. */
  static int started(Connection connection, long number, String owner, ProcessMark process)
      throws SQLException {
    return Rows.change(
        connection,
        "UPDATE queue SET pid = ?, pid_start = ? WHERE number = ? AND owner = ? AND state IN "
            + ACTIVE,
        process.pid(),
        process.start(),
        number,
        owner);
  }

  /** Takes over a run of a worker that is dead; false where another did. */
  static boolean adopt(Connection connection, QueueRow row, String owner) throws SQLException {
    return Rows.change(
            connection,
            "UPDATE queue SET owner = ? WHERE number = ? AND owner = ? AND state IN " + ACTIVE,
            owner,
            row.run().number(),
            row.owner())
        == 1;
  }

  /** Says that a run's process is asked to stop; false where it was before. */
  static boolean signal(Connection connection, long number, String owner) throws SQLException {
    return Rows.change(
            connection,
            "UPDATE queue SET signalled = TRUE WHERE number = ? AND owner = ? AND NOT signalled",
            number,
            owner)
        == 1;
  }

  /** Has all runs of a worker wait once their processes have ended, but for those with a wish. */
  static int release(Connection connection, String owner) throws SQLException {
    return Rows.change(
        connection,
        "UPDATE queue SET state = ?, wish = ? WHERE owner = ? AND wish IS NULL AND state = ?",
        QueueRow.word(State.STOPPING),
        Wish.WAIT.name(),
        owner,
        QueueRow.word(State.RUNNING));
  }

  /**
   * Settles a run whose process has ended; nothing happens where it is another's by now.
   *
   * @param outcome how it ended
   * @return the run as it is then
   */
  static Optional<QueuedRun> settle(
      Connection connection,
      long number,
      @Nullable String owner,
      ChildOutcome outcome,
      Retries retries,
      Instant now)
      throws SQLException {
    Optional<QueueRow> locked =
        Rows.of(
                connection,
                "SELECT * FROM queue WHERE number = ? AND state IN " + ACTIVE + " FOR UPDATE",
                QueueRow::of,
                number)
            .stream()
            .filter(row -> Objects.equals(row.owner(), owner))
            .findFirst();
    if (locked.isEmpty()) {
      return Optional.empty();
    }
    Settlement settled = Settlement.of(locked.get(), outcome, retries, now);
    boolean waits = settled.state() == State.WAITING;
    Rows.change(
        connection,
        """
        UPDATE queue SET state = ?, active_run = CASE WHEN ? THEN active_run END,
          device = CASE WHEN ? THEN NULL ELSE device END, failures = ?, not_before = ?, message = ?,
          wish = NULL, signalled = FALSE, owner = NULL, pid = NULL, pid_start = NULL, ended = ?
        WHERE number = ?
        """,
        QueueRow.word(settled.state()),
        waits,
        waits,
        settled.failures(),
        settled.notBefore(),
        settled.message(),
        waits ? null : now,
        number);
    Rows.change(connection, "DELETE FROM device_slots WHERE number = ?", number);
    return QueueTable.find(connection, number).map(QueueRow::run);
  }

  /** Says why one that waits still does. */
  static int explain(Connection connection, QueueRow row, String message) throws SQLException {
    // What it failed at is more than what it waits for now.
    return row.failures() > 0 || message.equals(row.run().message())
        ? 0
        : Rows.change(
            connection,
            "UPDATE queue SET message = ? WHERE number = ? AND state = ?",
            message,
            row.run().number(),
            QueueRow.word(State.WAITING));
  }
}
