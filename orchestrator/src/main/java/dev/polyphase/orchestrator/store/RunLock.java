package dev.polyphase.orchestrator.store;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One process a run. The operating system lets go of the lock when the process ends, however it
 * ends; the empty file stays.
 */
public final class RunLock implements AutoCloseable {
  /** So often it is tried: whoever looks whether it is held has it for a moment. */
  private static final int TRIES = 20;

  private static final Duration BETWEEN = Duration.ofMillis(10);

  private final FileChannel channel;

  private RunLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the lock of an existing folder.
   *
   * @throws RunHeldException if another process has it
   */
  public static RunLock take(RunFolder run) throws IOException {
    if (Files.exists(run.lock(), LinkOption.NOFOLLOW_LINKS)
        && !Files.isRegularFile(run.lock(), LinkOption.NOFOLLOW_LINKS)) {
      throw new InputException(
          Place.in(run.lock().toString()), "this must be a file, and no link; remove it");
    }
    FileChannel channel =
        FileChannel.open(
            run.lock(),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            LinkOption.NOFOLLOW_LINKS);
    try {
      for (int tries = 0; tries < TRIES; tries++) {
        if (tryLock(channel) != null) {
          return new RunLock(channel);
        }
        LockSupport.parkNanos(BETWEEN.toNanos());
      }
    } catch (IOException e) {
      channel.close();
      throw FileFailure.writing(run.lock(), e);
    }
    channel.close();
    throw new RunHeldException(
        run.path()
            + " is being run by another process; wait for it, stop it, or choose another name or"
            + " --output");
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Held within this very process: to whoever asks, the same as by another.
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
