package dev.polyphase.orchestrator.queue;

import dev.polyphase.orchestrator.index.Rows;
import dev.polyphase.orchestrator.queue.QueueRow.Wish;
import dev.polyphase.orchestrator.queue.QueuedRun.State;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What users do to the table {@code queue}; what its workers do is in {@code Claims}. */
final class QueueTable {
  private static final String SELECT = "SELECT * FROM queue WHERE ";

  private QueueTable() {}

  /** A row that is to be. */
  record New(
      String name,
      Path pipeline,
      Path folder,
      String yaml,
      List<String> sets,
      Path output,
      List<String> asked,
      int priority,
      @Nullable String key) {
    New {
      sets = List.copyOf(sets);
      asked = List.copyOf(asked);
    }

    /** The run's folder. */
    Path run() {
      return output.resolve(name);
    }
  }

  /** Adds a row that waits, and returns its number. */
  static long add(Connection connection, New row, @Nullable Long after, Instant now)
      throws SQLException {
    String sql =
        """
        INSERT INTO queue (name, pipeline, folder, yaml, sets, output, run, active_run,
          submission_key, state, priority, follows, asked, attempts, failures, signalled, submitted)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, FALSE, ?)
        """;
    try (PreparedStatement insert = connection.prepareStatement(sql, new String[] {"number"})) {
      @Nullable Object[] values = {
        row.name,
        row.pipeline.toString(),
        row.folder.toString(),
        row.yaml,
        QueueRow.json(row.sets),
        row.output.toString(),
        row.run().toString(),
        QueueRow.digest(row.run()),
        row.key,
        QueueRow.word(State.WAITING),
        row.priority,
        after,
        QueueRow.list(row.asked),
        now.atOffset(ZoneOffset.UTC)
      };
      for (int i = 0; i < values.length; i++) {
        insert.setObject(i + 1, values[i]);
      }
      insert.executeUpdate();
      try (ResultSet keys = insert.getGeneratedKeys()) {
        if (!keys.next()) {
          throw new SQLException("a run was queued without a number");
        }
        return keys.getLong("number");
      }
    }
  }

  static List<QueueRow> all(Connection connection) throws SQLException {
    return Rows.of(connection, "SELECT * FROM queue ORDER BY number DESC", QueueRow::of);
  }

  static Optional<QueueRow> find(Connection connection, long number) throws SQLException {
    return first(connection, SELECT + "number = ?", number);
  }

  /** The one that was submitted with a key; none without. */
  static Optional<QueueRow> keyed(Connection connection, @Nullable String key) throws SQLException {
    return key == null ? Optional.empty() : first(connection, SELECT + "submission_key = ?", key);
  }

  /** The one that has a folder and is not at its end. */
  static Optional<QueueRow> active(Connection connection, Path run) throws SQLException {
    return first(connection, SELECT + "active_run = ?", QueueRow.digest(run));
  }

  /** The latest of a name. */
  static Optional<QueueRow> latest(Connection connection, String name) throws SQLException {
    return first(connection, SELECT + "name = ? ORDER BY number DESC", name);
  }

  private static Optional<QueueRow> first(
      Connection connection, String sql, @Nullable Object... parameters) throws SQLException {
    return Rows.of(connection, sql, QueueRow::of, parameters).stream().findFirst();
  }

  /** One that no process runs comes to its end. */
  static int end(
      Connection connection, QueuedRun run, State state, @Nullable String message, Instant now)
      throws SQLException {
    return Rows.change(
        connection,
        """
        UPDATE queue SET state = ?, active_run = NULL, not_before = NULL, message = ?, ended = ?
        WHERE number = ? AND state = ?
        """,
        QueueRow.word(state),
        message,
        now,
        run.number(),
        QueueRow.word(run.state()));
  }

  /** The process of one that runs is to stop. */
  static int wish(Connection connection, long number, Wish wish) throws SQLException {
    return Rows.change(
        connection,
        "UPDATE queue SET state = ?, wish = ? WHERE number = ? AND state IN "
            + QueueRow.words(State.RUNNING, State.STOPPING),
        QueueRow.word(State.STOPPING),
        wish.name(),
        number);
  }

  /** One that is at its end waits for its turn again. */
  static int waitAgain(Connection connection, QueuedRun run) throws SQLException {
    return Rows.change(
        connection,
        """
        UPDATE queue SET state = ?, active_run = ?, failures = 0, not_before = NULL,
          message = NULL, ended = NULL
        WHERE number = ? AND state = ?
        """,
        QueueRow.word(State.WAITING),
        QueueRow.digest(run.run()),
        run.number(),
        QueueRow.word(run.state()));
  }
}
