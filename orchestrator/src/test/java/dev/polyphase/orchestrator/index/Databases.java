package dev.polyphase.orchestrator.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.polyphase.orchestrator.Eventually;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The two databases that everything about them is tried on. */
public enum Databases {
  /** In a file of its home. */
  H2,
  /** Debian's, where it is installed. */
  POSTGRESQL;

  /** A new one, empty; a test is skipped where there can be none. */
  public Opened open(Path home) throws IOException {
    if (this == H2) {
      return new Opened(home, Optional.empty());
    }
    Optional<String> url = PostgresServer.newDatabase();
    assumeTrue(url.isPresent(), PostgresServer.ABSENT);
    return new Opened(home, url);
  }

  /**
   * A database that can be opened by several.
   *
   * @param url of PostgreSQL
   */
  public record Opened(Path home, Optional<String> url) {
    /** Opens it once more. */
    public Database again() throws IOException {
      Database database = Database.open(home, url.orElse(null));
      assertThat(database.postgresql()).isEqualTo(url.isPresent());
      return database;
    }

    /**
     * Returns when nothing writes to {@link #home} any more: H2 goes on in this process, which
     * opened it first, until it has seen that the last of the others is gone.
     */
    public void awaitClosed() {
      Path lock = home.resolve("service").resolve("database.lock.db");
      Eventually.holds(() -> lock + " is still there", () -> !Files.exists(lock));
    }
  }
}
