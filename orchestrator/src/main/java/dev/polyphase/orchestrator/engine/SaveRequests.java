package dev.polyphase.orchestrator.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Who asks a run for a checkpoint: a signal, or a file {@code save} in its folder, for those who
 * can't send one. The file is removed when it is taken up.
 */
final class SaveRequests {
  /** Steps may take a millisecond, and a folder may lie behind a network. */
  private static final long LOOK_EVERY_NANOS = 1_000_000_000L;

  private final StopSignal signal;
  private final Path file;
  private final LongSupplier nanoTime;
  private final Consumer<String> notes;
  private long lookedNanos;
  private boolean watched = true;

  /**
   * Requests to a run that begins now.
   *
   * @param notes is told, in a sentence, of a file that can't be removed
   */
  SaveRequests(StopSignal signal, Path file, LongSupplier nanoTime, Consumer<String> notes) {
    this.signal = signal;
    this.file = file;
    this.nanoTime = nanoTime;
    this.notes = notes;
    this.lookedNanos = nanoTime.getAsLong() - LOOK_EVERY_NANOS;
  }

  /** Whether there was one since this was called last; it may be called once a step. */
  boolean taken() {
    // One checkpoint takes up both.
    boolean byFile = fileTaken();
    return signal.saveRequested() || byFile;
  }

  private boolean fileTaken() {
    long now = nanoTime.getAsLong();
    if (!watched || now - lookedNanos < LOOK_EVERY_NANOS) {
      return false;
    }
    lookedNanos = now;
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try {
      Files.delete(file);
      return true;
    } catch (IOException e) {
      // It would ask again and again.
      watched = false;
      notes.accept(
          "%s can't be removed, and asks for nothing more; remove it, and start the run again to ask by it"
              .formatted(file));
      return true;
    }
  }
}
