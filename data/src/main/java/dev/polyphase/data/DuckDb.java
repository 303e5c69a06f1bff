package dev.polyphase.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.kernels.NativeFolder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * DuckDB, a database in a library, which reads Parquet and knows conditions in SQL. Nothing is kept
 * in it: each file has a database of its own in memory, which may read that file, and can neither
 * read another nor write.
 */
public final class DuckDb {
  private static final String DRIVER = "org.duckdb.DuckDBDriver";
  private static final String LIBRARY = "libduckdb_java.so_";
  private static final Pattern NO_COLUMN =
      Pattern.compile("Referenced column \"(.*?)\" (?:was )?not found");
  private static final Pattern NO_FUNCTION =
      Pattern.compile("Function with name \"?(.*?)\"? does not exist");
  private static final Pattern COMPARED =
      Pattern.compile("Cannot compare values of type (\\S+) and (?:type )?(\\S+)");

  private static @Nullable Driver driver;

  private DuckDb() {}

  /** Loads the native library, which is unpacked on first use. */
  public static void loadLibrary() {
    driver();
  }

  /**
   * Finds DuckDB's classes, which nothing else sees, and its library in our own folder: the
   * driver's own way is to unpack 70 MB into the system's folder of temporary files in each
   * process, and a process that is killed would leave them there.
   */
  private static final class Loader extends URLClassLoader {
    private final Path library;

    Loader(URL jar, Path library) {
      super(new URL[] {jar}, ClassLoader.getPlatformClassLoader());
      this.library = library;
    }

    /** The driver asks for its system's library by name; where it finds none, it loads ours. */
    @Override
    public @Nullable URL getResource(String name) {
      URL found = super.getResource(name);
      if (!name.startsWith(LIBRARY)) {
        return found;
      }
      try {
        if (found == null) {
          throw new FileSystemException(
              library.toString(),
              null,
              "Parquet files and conditions in SQL are read by DuckDB, which has no library for this system");
        }
        unpack(found);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return null;
    }

    private void unpack(URL packed) throws IOException {
      if (Files.isRegularFile(library)) {
        return;
      }
      Path folder = Files.createDirectories(library.getParent());
      Path part = Files.createTempFile(folder, "library", ".part");
      try (InputStream in = packed.openStream()) {
        Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
        Files.move(part, library, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(part);
      }
    }

    @Override
    protected @Nullable String findLibrary(String name) {
      return name.equals("duckdb_java") ? library.toString() : super.findLibrary(name);
    }
  }

  /**
   * A new database.
   *
   * @param readable the one file that it may read, absolute; empty for none
   * @param streamed whether results come as they are read; what then fails on the way is not told
   */
  static Connection open(Optional<String> readable, boolean streamed)
      throws IOException, SQLException {
    Connection connection = connect(streamed);
    try (Statement statement = connection.createStatement()) {
      if (readable.isPresent()) {
        statement.execute("SET allowed_paths = [" + literal(readable.get()) + "]");
      }
      statement.execute("SET enable_external_access = false");
      // Otherwise the time zone of the machine, and rows that differ by it.
      statement.execute("SET TimeZone = 'UTC'");
      // The same rows each time, should a condition say random().
      statement.execute("SELECT setseed(0.5)");
      statement.execute("SET lock_configuration = true");
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  private static Connection connect(boolean streamed) throws IOException, SQLException {
    Properties settings = new Properties();
    settings.setProperty("jdbc_stream_results", String.valueOf(streamed));
    // The order of the file, little memory, and cores for who makes tokens of the rows.
    settings.setProperty("threads", "1");
    settings.setProperty("temp_directory", "");
    Connection connection = driver().connect("jdbc:duckdb:", settings);
    if (connection == null) {
      throw new IllegalStateException("DuckDB does not know its own address");
    }
    return connection;
  }

  private static synchronized Driver driver() {
    if (driver == null) {
      driver =
          NativeFolder.load(
              NativeFolder.DUCKDB, () -> load(NativeFolder.folderOf(NativeFolder.DUCKDB)));
    }
    return driver;
  }

  private static Driver load(Path folder) {
    try {
      URL found = DuckDb.class.getClassLoader().getResource(DRIVER.replace('.', '/') + ".class");
      if (found == null || !(found.openConnection() instanceof JarURLConnection inJar)) {
        throw new IllegalStateException("DuckDB is not on the class path as a jar");
      }
      URL jar = inJar.getJarFileURL();
      String version = jar.getPath().replaceFirst(".*/", "").replaceFirst("\\.jar$", "");
      Path library = folder.resolve(version).resolve(System.mapLibraryName("duckdb"));
      Loader loader = new Loader(jar, library);
      Driver loaded = (Driver) loader.loadClass(DRIVER).getDeclaredConstructor().newInstance();
      // Its first connection loads the library.
      loaded.connect("jdbc:duckdb:", new Properties()).close();
      return loaded;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ReflectiveOperationException | SQLException e) {
      throw new IllegalStateException("DuckDB can't be loaded", e);
    }
  }

  /**
   * Whether a text is one condition, and not the end of one and more behind it: of a query with
   * nothing but a condition all the rest must be as with any other.
   */
  static boolean isCondition(Connection connection, String where) throws IOException {
    try {
      return parsed(connection, bracketed(where)).equals(parsed(connection, "(true)"));
    } catch (SQLException e) {
      return false;
    }
  }

  /** A query with a condition as DuckDB parses it, without the condition. */
  private static JsonNode parsed(Connection connection, String condition)
      throws SQLException, IOException {
    String query = literal("SELECT 1 FROM rows WHERE " + condition);
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("SELECT json_serialize_sql(" + query + ")")) {
      result.next();
      JsonNode parsed = new ObjectMapper().readTree(result.getString(1));
      JsonNode node = parsed.at("/statements/0/node");
      if (node instanceof ObjectNode select) {
        select.remove("where_clause");
      }
      return parsed;
    }
  }

  /** A text in SQL. */
  static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  /** A name in SQL. */
  static String name(String name) {
    return "\"" + name.replace("\"", "\"\"") + "\"";
  }

  /** A condition in brackets, in which a comment at its end ends. */
  static String bracketed(String where) {
    return "(" + where + "\n)";
  }

  /**
   * What is wrong with a condition, in a sentence.
   *
   * @param e what DuckDB said of it
   * @param columns what it could ask for
   */
  static String refusal(String where, SQLException e, Iterable<String> columns) {
    String said = String.valueOf(e.getMessage());
    String listed = String.join(", ", columns);
    Matcher column = NO_COLUMN.matcher(said);
    if (column.find()) {
      return "where: %s asks for %s, and the columns are %s; a text stands in single quotes"
          .formatted(where, column.group(1), listed);
    }
    Matcher function = NO_FUNCTION.matcher(said);
    if (function.find()) {
      return "where: %s asks for %s, which is no function of DuckDB's SQL"
          .formatted(where, function.group(1));
    }
    Matcher compared = COMPARED.matcher(said);
    if (compared.find()) {
      return "where: %s compares %s with %s; convert one, as in TRY_CAST(COLUMN AS DOUBLE)"
          .formatted(where, compared.group(1), compared.group(2).replace("_LITERAL", ""));
    }
    if (isOfValue(e)) {
      return "where: %s can't be said of each row: a value can't be converted; TRY_CAST makes it null"
          .formatted(where);
    }
    return noCondition(where, columns);
  }

  /** That a text is no condition. */
  static String noCondition(String where, Iterable<String> columns) {
    return "where: %s is no condition in SQL on the columns %s"
        .formatted(where, String.join(", ", columns));
  }

  /** Whether a value of some row is what a condition fails at. */
  static boolean isOfValue(SQLException e) {
    String said = String.valueOf(e.getMessage());
    return said.startsWith("Conversion Error") || said.startsWith("Out of Range Error");
  }
}
