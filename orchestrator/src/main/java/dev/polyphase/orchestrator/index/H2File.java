package dev.polyphase.orchestrator.index;

import com.zaxxer.hikari.pool.HikariPool.PoolInitializationException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;
import java.util.function.Function;
import org.flywaydb.core.api.FlywayException;

/**
 * H2's file in {@code POLYPHASE_HOME}. The first process that opens it lets others share it, by a
 * port on loopback whose key is in a file beside it that only this user can read.
 */
final class H2File {
  private static final String NAME = "database";
  private static final String SUFFIX = ".mv.db";

  static {
    // H2 reads it once; without it the port would be open on every address of the machine.
    System.setProperty("h2.bindAddress", "127.0.0.1");
  }

  private final Path folder;
  private final Path file;

  H2File(Path home) {
    folder = home.toAbsolutePath().normalize().resolve("service");
    file = folder.resolve(NAME + SUFFIX);
  }

  /**
   * Opens it; what is damaged is moved aside and made anew.
   *
   * @param opening opens and migrates the database of a JDBC URL
   */
  Database open(Function<String, Database> opening, Consumer<String> notes) throws IOException {
    OwnFolder.create(folder);
    if (folder.toString().contains(";")) {
      throw new InputException(
          folder + " has a semicolon in its name, at which H2 ends it; choose another folder");
    }
    // One process at a time, so that none moves away what another has just made.
    try (FileChannel channel = opened(folder.resolve("opening.lock"));
        FileLock lock = channel.lock()) {
      if (!lock.isValid()) {
        throw new IllegalStateException("the lock that was just taken is gone");
      }
      // async: a thread that is interrupted while it reads or writes, as schedulers do to theirs,
      // would close the file for all. Without a delay of commits: what a killed process was told
      // to keep is kept.
      String url =
          "jdbc:h2:async:%s;AUTO_SERVER=TRUE;TRACE_LEVEL_FILE=0;WRITE_DELAY=0"
              .formatted(folder.resolve(NAME));
      try {
        return sound(opening.apply(url));
      } catch (PoolInitializationException | FlywayException | OperationFailedException e) {
        if (!SqlFailure.isDamage(e) || !Files.isRegularFile(file) || !Files.isWritable(file)) {
          throw new OperationFailedException(
              file
                  + " can't be opened; is it of a newer Polyphase, or its disk full? --debug shows"
                  + " why",
              e);
        }
        Path kept = moveAside();
        Database made = opening.apply(url);
        notes.accept(
            "%s was damaged and is now %s; a new one was made: the queue and the schedules are lost, the runs are not, they are read from their folders"
                .formatted(file, kept));
        return made;
      }
    }
  }

  private static FileChannel opened(Path lock) throws IOException {
    try {
      return FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw FileFailure.writing(lock, e);
    }
  }

  /** Reads all of it once: damage in the middle of the file shows nowhere else. */
  private static Database sound(Database database) {
    try {
      for (String table : database.tables()) {
        database.transaction(
            connection ->
                Rows.of(connection, "SELECT * FROM \"" + table + "\"", row -> row.getObject(1))
                    .size());
      }
      return database;
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  private Path moveAside() throws IOException {
    for (int n = 1; ; n++) {
      Path kept = folder.resolve(NAME + ".damaged-" + n + SUFFIX);
      if (!Files.exists(kept)) {
        return Files.move(file, kept);
      }
    }
  }
}
