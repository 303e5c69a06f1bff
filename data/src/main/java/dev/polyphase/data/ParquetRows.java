package dev.polyphase.data;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a Parquet file, in its order. Lists and structs are JSON's, maps are objects, dates and
 * times are texts. A column in which bytes are is an object with a text of them, {@code {"binary":
 * ...}}: whoever needs a text or a list there refuses it.
 */
final class ParquetRows implements RowFile {
  /** The file's own name of a row's number, 0-based. */
  private static final String NUMBER = "file_row_number";

  private static final String TABLE = "\"rows of the file\"";

  private final String path;
  private final String name;
  private final @Nullable TemporaryFolder link;
  private final Connection connection;
  private final Optional<String> where;
  private final Map<String, String> columns;
  private final String source;
  private final ResultSet rows;
  private int row;

  /**
   * The rows of a file.
   *
   * @param where which of them, as a condition in SQL
   * @throws InputException if the file is damaged, or the condition none of its columns
   */
  ParquetRows(Path file, Optional<String> where) throws IOException {
    this.name = InputFile.name(file);
    this.where = where;
    Path readable = file.toAbsolutePath();
    // DuckDB would take such names for patterns.
    this.link =
        readable.toString().matches("(?s).*[*?\\[\\]].*")
            ? TemporaryFolder.create("parquet")
            : null;
    if (link != null) {
      readable = Files.createSymbolicLink(link.path().resolve("rows.parquet"), readable);
    }
    this.path = readable.toString();
    this.source =
        "read_parquet(%s, hive_partitioning = false) AS %s".formatted(DuckDb.literal(path), TABLE);
    try {
      this.connection = DuckDb.open(Optional.of(path), true);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    try {
      this.columns = columns();
      if (where.isPresent() && columns.containsKey(NUMBER)) {
        throw new InputException(
            Place.in(name),
            "where: this file has a column %s, which stands for a row's own number; rename it"
                .formatted(NUMBER));
      }
      if (where.isPresent() && !DuckDb.isCondition(connection, where.get())) {
        throw new InputException(Place.in(name), DuckDb.noCondition(where.get(), columns.keySet()));
      }
      this.rows = query();
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private Map<String, String> columns() {
    Map<String, String> types = new LinkedHashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet described = statement.executeQuery("DESCRIBE SELECT * FROM " + source)) {
      while (described.next()) {
        types.put(described.getString("column_name"), described.getString("column_type"));
      }
    } catch (SQLException e) {
      throw new InputException(
          Place.in(name),
          "this Parquet file is damaged or ends too early; copy it or write it anew");
    }
    return types;
  }

  private ResultSet query() throws IOException {
    String number = where.isPresent() ? NUMBER : "NULL";
    String json = "encode(CAST(to_json(struct_pack(%s)) AS VARCHAR))".formatted(fields());
    try {
      return connection
          .createStatement()
          .executeQuery("SELECT %s, %s FROM %s%s".formatted(number, json, source, condition()));
    } catch (SQLException e) {
      throw failed();
    }
  }

  private String condition() {
    return where.map(given -> " WHERE " + DuckDb.bracketed(given)).orElse("");
  }

  private String fields() {
    StringBuilder fields = new StringBuilder();
    columns.forEach(
        (column, type) -> {
          String quoted = DuckDb.name(column);
          String value = TABLE + "." + quoted;
          if (type.contains("BLOB")) {
            value =
                "CASE WHEN %1$s IS NOT NULL THEN {'binary': CAST(%1$s AS VARCHAR)} END"
                    .formatted(value);
          }
          fields
              .append(fields.length() == 0 ? "" : ", ")
              .append(quoted)
              .append(" := ")
              .append(value);
        });
    return fields.toString();
  }

  @Override
  public @Nullable RawRow next() throws IOException {
    try {
      if (!rows.next()) {
        return null;
      }
      row = where.isPresent() ? Math.toIntExact(rows.getLong(1) + 1) : row + 1;
      return new RawRow(Place.row(name, row), rows.getBytes(2));
    } catch (SQLException e) {
      throw failed();
    }
  }

  /** Streamed results do not say what failed: the condition is tried once more. */
  private InputException failed() throws IOException {
    if (where.isPresent()) {
      try (Connection tried = DuckDb.open(Optional.of(path), false);
          Statement statement = tried.createStatement()) {
        statement.execute("SELECT count(*) FROM %s%s".formatted(source, condition()));
      } catch (SQLException e) {
        if (!String.valueOf(e.getMessage()).startsWith("Invalid")) {
          return new InputException(
              Place.in(name), DuckDb.refusal(where.get(), e, columns.keySet()));
        }
      }
    }
    return new InputException(
        row == 0 ? Place.in(name) : Place.row(name, row),
        "this Parquet file is damaged%s; copy it or write it anew"
            .formatted(row == 0 ? "" : " behind this row"));
  }

  @Override
  public void close() throws IOException {
    try {
      connection.close();
    } catch (SQLException e) {
      // Nothing was written that could be lost.
    }
    if (link != null) {
      link.close();
    }
  }
}
