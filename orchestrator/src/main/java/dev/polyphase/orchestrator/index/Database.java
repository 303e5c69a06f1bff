package dev.polyphase.orchestrator.index;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool.PoolInitializationException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.OperationFailedException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;

/**
 * The database of index, queue and schedules: H2 in a file of {@code POLYPHASE_HOME}, or PostgreSQL
 * by its JDBC URL. Its tables are brought up to date when it is opened.
 */
public final class Database implements AutoCloseable {
  /** Names the variable with the JDBC URL. */
  public static final String URL = "POLYPHASE_DATABASE_URL";

  /** Who it is for PostgreSQL, where the URL does not say. */
  public static final String USER = "POLYPHASE_DATABASE_USER";

  /** The password, likewise. */
  public static final String PASSWORD = "POLYPHASE_DATABASE_PASSWORD";

  private static final String POSTGRESQL = "jdbc:postgresql:";
  private static final String MIGRATIONS = "classpath:dev/polyphase/orchestrator/index/migrations";
  private static final int MOST_CONNECTIONS = 10;
  private static final Duration TO_CONNECT = Duration.ofSeconds(20);

  /** So often what failed for the connection alone is tried again, at first so soon. */
  private static final int TRIES = 6;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);

  private final HikariDataSource pool;
  private final boolean postgresql;

  private Database(HikariDataSource pool, boolean postgresql) {
    this.pool = pool;
    this.postgresql = postgresql;
  }

  /** What is done with a connection within one transaction. */
  @FunctionalInterface
  public interface Work<T extends @Nullable Object> {
    /** Does it; it is done again where the database could not be reached or another was faster. */
    T with(Connection connection) throws SQLException;
  }

  /**
   * Opens it, without a word where what was damaged was begun anew.
   *
   * @param home {@code POLYPHASE_HOME}
   * @param url a JDBC URL of PostgreSQL; null for H2 under {@code home}
   */
  public static Database open(Path home, @Nullable String url) throws IOException {
    return open(home, url == null ? Map.of() : Map.of(URL, url), sentence -> {});
  }

  /**
   * Opens the one that the environment names, or else that of {@code home}.
   *
   * @param home {@code POLYPHASE_HOME}
   * @param environment variables, of which {@link #URL}, {@link #USER} and {@link #PASSWORD} count
   * @param notes is told, in a sentence each, what a user should know
   * @throws InputException where the URL is none of PostgreSQL, or others may write to {@code home}
   * @throws OperationFailedException where it can't be reached
   */
  public static Database open(Path home, Map<String, String> environment, Consumer<String> notes)
      throws IOException {
    String url = environment.getOrDefault(URL, "");
    if (url.isEmpty()) {
      return new H2File(home).open(Database::h2, notes);
    }
    if (!url.startsWith(POSTGRESQL)) {
      throw new InputException(
          URL + " must be a JDBC URL of PostgreSQL, as jdbc:postgresql://HOST/DATABASE");
    }
    HikariConfig config = pooled(url);
    config.setDriverClassName("org.postgresql.Driver");
    // What is in the URL itself counts more: the driver reads it there.
    if (environment.containsKey(USER)) {
      config.setUsername(environment.get(USER));
    }
    if (environment.containsKey(PASSWORD)) {
      config.setPassword(environment.get(PASSWORD));
    }
    try {
      return migrated(config, true);
    } catch (PoolInitializationException e) {
      throw new OperationFailedException(unreachable(url, e), e);
    } catch (FlywayException e) {
      throw new OperationFailedException(
          "the tables in %s can't be brought up to date; is the database another program's, or of a newer Polyphase? --debug shows why"
              .formatted(withoutSecrets(url)),
          e);
    }
  }

  private static Database h2(String url) {
    HikariConfig config = pooled(url);
    config.setDriverClassName("org.h2.Driver");
    config.setUsername("polyphase");
    config.setPassword("");
    return migrated(config, false);
  }

  private static HikariConfig pooled(String url) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setPoolName("polyphase");
    config.setMaximumPoolSize(MOST_CONNECTIONS);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(TO_CONNECT.toMillis());
    config.setInitializationFailTimeout(1);
    return config;
  }

  private static Database migrated(HikariConfig config, boolean postgresql) {
    HikariDataSource pool = new HikariDataSource(config);
    try {
      Flyway.configure(Database.class.getClassLoader())
          .dataSource(pool)
          .table("migrations")
          .locations(MIGRATIONS, MIGRATIONS + (postgresql ? "_postgresql" : "_h2"))
          .failOnMissingLocations(false)
          .validateMigrationNaming(true)
          .load()
          .migrate();
      return new Database(pool, postgresql);
    } catch (RuntimeException | Error e) {
      pool.close();
      throw e;
    }
  }

  private static String unreachable(String url, PoolInitializationException e) {
    String state = "";
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql && sql.getSQLState() != null) {
        state = sql.getSQLState();
      }
    }
    String where = withoutSecrets(url);
    if (state.startsWith("28")) {
      return where
          + " refuses the user or password; set %s and %s to those of the database"
              .formatted(USER, PASSWORD);
    }
    if (state.startsWith("3D")) {
      return where + " has no such database; create it (createdb), or name another in " + URL;
    }
    return where + " can't be reached; start PostgreSQL there, or name another in " + URL;
  }

  /** Users and passwords may be in front of the host and behind the question mark. */
  static String withoutSecrets(String url) {
    return url.replaceFirst("\\?.*", "").replaceFirst("//[^/]*@", "//");
  }

  /** Its connections, from a pool. */
  public DataSource dataSource() {
    return pool;
  }

  /** Whether it is PostgreSQL. */
  public boolean postgresql() {
    return postgresql;
  }

  /**
   * Does something in one transaction, whole or not at all.
   *
   * @throws OperationFailedException where the database does not take it
   */
  public <T extends @Nullable Object> T transaction(Work<T> work) {
    Duration pause = FIRST_PAUSE;
    for (int tries = 1; ; tries++) {
      try {
        return once(work);
      } catch (SQLException e) {
        if (tries == TRIES || !SqlFailure.canPass(e)) {
          throw new OperationFailedException(
              "the database of the queue does not do what it is asked for (SQL state %s, error %d); --debug shows why"
                  .formatted(e.getSQLState(), e.getErrorCode()),
              e);
        }
      }
      LockSupport.parkNanos(pause.toNanos());
      pause = pause.multipliedBy(2);
    }
  }

  private <T extends @Nullable Object> T once(Work<T> work) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      try {
        T result = work.with(connection);
        connection.commit();
        return result;
      } catch (SQLException | RuntimeException | Error e) {
        try {
          connection.rollback();
        } catch (SQLException again) {
          e.addSuppressed(again);
        }
        throw e;
      }
    }
  }

  /** The names of all tables, for those who look whether it is sound. */
  List<String> tables() {
    return transaction(
        connection ->
            Rows.of(
                connection,
                "SELECT table_name FROM information_schema.tables WHERE table_schema ="
                    + " CURRENT_SCHEMA",
                row -> row.getString(1)));
  }

  @Override
  public void close() {
    pool.close();
  }
}
