package dev.polyphase.orchestrator.queue;

import static java.util.Objects.requireNonNull;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.Rows;
import dev.polyphase.processes.ProcessMark;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The table {@code workers}: who starts queued runs, and who of them is alive. */
final class Workers {
  /** Who was not heard of for so long is dead, where nothing better is known. */
  static final Duration SILENCE = Duration.ofSeconds(60);

  private Workers() {}

  /**
   * A row.
   *
   * @param id the worker
   * @param process its process
   * @param devices what it runs on
   * @param heartbeat when it was heard of last
   */
  record Row(String id, ProcessMark process, List<String> devices, Instant heartbeat) {

    /** Of this machine's the processes are known; of others there is the heartbeat. */
    boolean alive(Instant now) {
      return process.isHere() ? process.isAlive() : heartbeat.plus(SILENCE).isAfter(now);
    }
  }

  static void add(
      Connection connection, String id, ProcessMark process, List<String> devices, Instant now)
      throws SQLException {
    Rows.change(
        connection,
        """
        INSERT INTO workers (id, place, pid, pid_start, devices, started, heartbeat)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
        id,
        process.place(),
        process.pid(),
        process.start(),
        QueueRow.list(devices),
        now,
        now);
  }

  /** Says that a worker lives, and whether it still counts: others may have taken it for dead. */
  static boolean beat(Connection connection, String id, Instant now) throws SQLException {
    return Rows.change(connection, "UPDATE workers SET heartbeat = ? WHERE id = ?", now, id) == 1;
  }

  static void remove(Connection connection, String id) throws SQLException {
    Rows.change(connection, "DELETE FROM workers WHERE id = ?", id);
  }

  static List<Row> all(Connection connection) throws SQLException {
    return Rows.of(
        connection,
        "SELECT * FROM workers",
        row ->
            new Row(
                row.getString("id"),
                new ProcessMark(
                    row.getString("place"), row.getLong("pid"), row.getLong("pid_start")),
                QueueRow.devices(row.getString("devices")),
                requireNonNull(Rows.time(row, "heartbeat"))));
  }

  /** Forgets those that are dead, and returns the others. */
  static Set<String> alive(Connection connection, Instant now) throws SQLException {
    List<Row> all = all(connection);
    for (Row worker : all) {
      if (!worker.alive(now)) {
        remove(connection, worker.id);
      }
    }
    return all.stream()
        .filter(worker -> worker.alive(now))
        .map(Row::id)
        .collect(Collectors.toSet());
  }

  static boolean anyAlive(Database database, Instant now) {
    return database.transaction(Workers::all).stream().anyMatch(worker -> worker.alive(now));
  }
}
