package dev.polyphase.orchestrator.index;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The runs known here. The folders are the truth: what the database says of them is brought up to
 * date from them, and may be thrown away.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class RunIndex {

  /** The index in a database. */
  public RunIndex(Database database, Path home) {}

  /** Looks at the folders that are known and takes over what has changed. */
  public void refresh() {
    throw new UnsupportedOperationException();
  }

  /** Forgets everything and reads the folders anew. */
  public void rebuild() {
    throw new UnsupportedOperationException();
  }

  /** All runs, the latest first. */
  public List<IndexedRun> runs() {
    throw new UnsupportedOperationException();
  }

  /**
   * A run by its id, its folder, or its name, of which the latest is meant.
   *
   * @param run what the user calls it
   */
  public Optional<IndexedRun> find(String run) {
    throw new UnsupportedOperationException(run);
  }
}
