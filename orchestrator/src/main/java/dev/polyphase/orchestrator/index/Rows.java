package dev.polyphase.orchestrator.index;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Statements with their parameters, and what they return. Times are in UTC. */
public final class Rows {
  private Rows() {}

  /** Makes a value of a row. */
  @FunctionalInterface
  public interface Reading<T> {
    /** The value of the row that the results stand at. */
    T of(ResultSet row) throws SQLException;
  }

  /** What a query returns, in its order. */
  public static <T> List<T> of(
      Connection connection, String sql, Reading<T> reading, @Nullable Object... parameters)
      throws SQLException {
    try (PreparedStatement statement = prepared(connection, sql, parameters);
        ResultSet results = statement.executeQuery()) {
      List<T> rows = new ArrayList<>();
      while (results.next()) {
        rows.add(reading.of(results));
      }
      return rows;
    }
  }

  /** Changes rows and returns how many. */
  public static int change(Connection connection, String sql, @Nullable Object... parameters)
      throws SQLException {
    try (PreparedStatement statement = prepared(connection, sql, parameters)) {
      return statement.executeUpdate();
    }
  }

  private static PreparedStatement prepared(
      Connection connection, String sql, @Nullable Object... parameters) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    for (int i = 0; i < parameters.length; i++) {
      Object value = parameters[i];
      statement.setObject(
          i + 1, value instanceof Instant time ? time.atOffset(ZoneOffset.UTC) : value);
    }
    return statement;
  }

  /** A time; null where there is none. */
  public static @Nullable Instant time(ResultSet row, String column) throws SQLException {
    @Nullable OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }

  /** A number; null where there is none. */
  public static @Nullable Long number(ResultSet row, String column) throws SQLException {
    long number = row.getLong(column);
    return row.wasNull() ? null : number;
  }
}
