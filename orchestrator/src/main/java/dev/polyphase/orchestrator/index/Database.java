package dev.polyphase.orchestrator.index;

import java.nio.file.Path;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The database of index, queue and schedules: H2 in a file of {@code POLYPHASE_HOME}, or PostgreSQL
 * by its JDBC URL. Its tables are brought up to date when it is opened.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class Database implements AutoCloseable {

  private Database() {}

  /**
   * Opens it.
   *
   * @param home {@code POLYPHASE_HOME}
   * @param url a JDBC URL of PostgreSQL; null for H2 under {@code home}
   */
  public static Database open(Path home, @Nullable String url) {
    throw new UnsupportedOperationException(home + " " + url);
  }

  /** Its connections, from a pool. */
  public DataSource dataSource() {
    throw new UnsupportedOperationException();
  }

  /** Whether it is PostgreSQL. */
  public boolean postgresql() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
