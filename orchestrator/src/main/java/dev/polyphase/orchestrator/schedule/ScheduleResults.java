package dev.polyphase.orchestrator.schedule;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.Rows;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What became of each schedule's last time, in the database. */
final class ScheduleResults {
  private static final String COLUMNS =
      "SELECT schedule, due, queued, failure FROM schedule_results";

  private final Database database;

  ScheduleResults(Database database) {
    this.database = database;
  }

  /**
   * What became of a time.
   *
   * @param due the time
   * @param queued the number in the queue; null where it failed
   * @param failure why nothing was submitted; null where something was
   */
  record Result(Instant due, @Nullable Long queued, @Nullable String failure) {
    static Result submitted(Instant due, long queued) {
      return new Result(due, queued, null);
    }

    static Result failed(Instant due, String sentence) {
      return new Result(due, null, sentence);
    }
  }

  private record Row(String schedule, Result result) {}

  /** All, by the schedules' names. */
  Map<String, Result> all() {
    return rows(COLUMNS).stream().collect(Collectors.toMap(Row::schedule, Row::result));
  }

  /** That of one schedule. */
  Optional<Result> of(String schedule) {
    return rows(COLUMNS + " WHERE schedule = ?", schedule).stream().map(Row::result).findFirst();
  }

  private List<Row> rows(String sql, Object... parameters) {
    return database.transaction(
        connection ->
            Rows.of(
                connection,
                sql,
                row ->
                    new Row(
                        row.getString("schedule"),
                        new Result(
                            Instant.ofEpochMilli(row.getLong("due")),
                            Rows.number(row, "queued"),
                            row.getString("failure"))),
                parameters));
  }

  /** Keeps one in place of the last. */
  void keep(String schedule, Result result) {
    // Not a removal and an insertion: of two services at it at once one would meet the other's row.
    database.transaction(
        connection -> {
          Rows.change(
              connection,
              "INSERT INTO schedule_results (schedule, due) SELECT ?, 0"
                  + " WHERE NOT EXISTS (SELECT 1 FROM schedule_results WHERE schedule = ?)",
              schedule,
              schedule);
          return Rows.change(
              connection,
              "UPDATE schedule_results SET due = ?, queued = ?, failure = ? WHERE schedule = ?",
              result.due().toEpochMilli(),
              result.queued(),
              result.failure(),
              schedule);
        });
  }

  /** Forgets that of one. */
  void forget(String schedule) {
    database.transaction(
        connection ->
            Rows.change(connection, "DELETE FROM schedule_results WHERE schedule = ?", schedule));
  }
}
