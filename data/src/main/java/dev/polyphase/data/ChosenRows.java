package dev.polyphase.data;

import static java.util.stream.Collectors.joining;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a table of which a condition in SQL holds. They are asked for in batches, so that the
 * file need not fit into memory and each keeps its place.
 */
final class ChosenRows implements RowFile {
  private static final int ROWS_OF_A_BATCH = 2_000;
  private static final int BYTES_OF_A_BATCH = 4_000_000;
  private static final String NUMBER = "\"number of a row\"";

  private static final String TEXT = "VARCHAR";

  private static final Pattern INTEGER = Pattern.compile("[-+]?[0-9]{1,18}");
  private static final Pattern FLOATING =
      Pattern.compile("[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?");
  private static final Pattern BOOLEAN = Pattern.compile("(?i)true|false");

  private final RowFile rows;
  private final String name;
  private final String where;
  private final Map<String, String> types;
  private final boolean texts;
  private final Connection connection;
  private final Deque<RawRow> chosen = new ArrayDeque<>();
  private List<RawRow> batch = new ArrayList<>();
  private String sql = "";
  private @Nullable PreparedStatement query;

  /**
   * Some rows.
   *
   * @param rows all of them, each with every column
   * @param types DuckDB's type of each column
   */
  ChosenRows(RowFile rows, String file, Map<String, String> types, String where)
      throws IOException {
    this.rows = rows;
    this.name = file;
    this.where = where;
    this.types = types;
    this.texts = types.values().stream().allMatch(TEXT::equals);
    try {
      this.connection = DuckDb.open(Optional.empty(), false);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Some rows of a file whose values are texts. */
  static ChosenRows ofTexts(TableRows rows, String file, String where) throws IOException {
    Map<String, String> types = new LinkedHashMap<>();
    rows.columns().forEach(column -> types.put(column, TEXT));
    return new ChosenRows(rows, file, types, where);
  }

  @Override
  public @Nullable RawRow next() throws IOException {
    while (chosen.isEmpty()) {
      batch = nextBatch();
      if (batch.isEmpty()) {
        return null;
      }
      if (query == null) {
        query = prepared();
      }
      chosen.addAll(of(batch));
    }
    return chosen.remove();
  }

  private List<RawRow> nextBatch() throws IOException {
    List<RawRow> next = new ArrayList<>();
    long bytes = 0;
    while (next.size() < ROWS_OF_A_BATCH && bytes < BYTES_OF_A_BATCH) {
      @Nullable RawRow row = rows.next();
      if (row == null) {
        break;
      }
      next.add(row);
      bytes += row.json().length;
    }
    return next;
  }

  private PreparedStatement prepared() throws IOException {
    if (!DuckDb.isCondition(connection, where)) {
      throw new InputException(Place.in(name), DuckDb.noCondition(where, types.keySet()));
    }
    try {
      return prepared(types);
    } catch (SQLException e) {
      if (!texts) {
        throw new InputException(Place.in(name), DuckDb.refusal(where, e, types.keySet()));
      }
    }
    try {
      return prepared(told());
    } catch (SQLException e) {
      throw new InputException(Place.in(name), DuckDb.refusal(where, e, types.keySet()));
    }
  }

  private PreparedStatement prepared(Map<String, String> types) throws SQLException {
    String struct =
        types.entrySet().stream()
            .map(column -> DuckDb.name(column.getKey()) + " " + column.getValue())
            .collect(joining(", "));
    sql =
        """
        SELECT %1$s FROM (
          SELECT %1$s, unnest(row) FROM (
            SELECT unnest(range(len(list))) AS %1$s, unnest(list) AS row FROM (
              SELECT CAST(CAST(? AS JSON) AS STRUCT(%2$s)[]) AS list)))
        WHERE %3$s ORDER BY %1$s"""
            .formatted(NUMBER, struct, DuckDb.bracketed(where));
    return connection.prepareStatement(sql);
  }

  private List<RawRow> of(List<RawRow> all) throws IOException {
    List<RawRow> sound = new ArrayList<>();
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    for (RawRow row : all) {
      if (row.wrong() == null) {
        json.write(sound.isEmpty() ? '[' : ',');
        json.write(row.json());
        sound.add(row);
      }
    }
    if (sound.isEmpty()) {
      return all;
    }
    json.write(']');
    boolean[] holds = new boolean[sound.size()];
    try {
      if (query == null) {
        query = connection.prepareStatement(sql);
      }
      query.setString(1, json.toString(StandardCharsets.UTF_8));
      try (ResultSet found = query.executeQuery()) {
        while (found.next()) {
          holds[found.getInt(1)] = true;
        }
      }
    } catch (SQLException e) {
      query = null; // It is closed by what failed.
      if (all.size() > 1) {
        // One after the other, to know which it is.
        List<RawRow> each = new ArrayList<>();
        for (RawRow row : all) {
          each.addAll(of(List.of(row)));
        }
        return each;
      }
      throw new InputException(all.get(0).place(), DuckDb.refusal(where, e, types.keySet()));
    }
    List<RawRow> result = new ArrayList<>();
    int next = 0;
    for (RawRow row : all) {
      // What is wrong with a row is for whoever counts such rows.
      if (row.wrong() != null || holds[next++]) {
        result.add(row);
      }
    }
    return result;
  }

  /** Columns of texts are compared with numbers: they are numbers where the first rows' are. */
  private Map<String, String> told() throws IOException {
    List<JsonRow> first = new ArrayList<>();
    for (RawRow row : batch) {
      if (row.wrong() == null) {
        first.add(JsonRow.of(row));
      }
    }
    Map<String, String> told = new LinkedHashMap<>();
    for (String column : types.keySet()) {
      told.put(
          column,
          typeOf(
              first.stream().filter(row -> row.has(column)).map(row -> row.text(column)).toList()));
    }
    return told;
  }

  private static String typeOf(List<String> texts) {
    if (texts.isEmpty()) {
      return TEXT;
    }
    if (texts.stream().allMatch(text -> INTEGER.matcher(text).matches())) {
      return "BIGINT";
    }
    if (texts.stream().allMatch(text -> FLOATING.matcher(text).matches())) {
      return "DOUBLE";
    }
    return texts.stream().allMatch(text -> BOOLEAN.matcher(text).matches()) ? "BOOLEAN" : TEXT;
  }

  @Override
  public void close() throws IOException {
    try {
      connection.close();
    } catch (SQLException e) {
      // Nothing was written that could be lost.
    }
    rows.close();
  }
}
