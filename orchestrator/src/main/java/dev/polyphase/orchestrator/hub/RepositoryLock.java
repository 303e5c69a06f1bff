package dev.polyphase.orchestrator.hub;

import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One download of a repository at a time, in this process and in all: who comes second finds what
 * the first one left. The operating system lets go of the lock when a process ends, however.
 */
final class RepositoryLock implements AutoCloseable {
  // A process's own locks on files do not wait for each other; they fail.
  private static final Map<Path, ReentrantLock> HERE = new ConcurrentHashMap<>();

  private final ReentrantLock here;
  private final FileChannel channel;

  private RepositoryLock(ReentrantLock here, FileChannel channel) {
    this.here = here;
    this.channel = channel;
  }

  /**
   * Takes the lock, and waits for it where another has it.
   *
   * @param waiting what to do before it waits
   */
  static RepositoryLock take(HubCache cache, Repository repository, Runnable waiting)
      throws IOException {
    Path file =
        cache.folder().resolve(".locks").resolve(repository.folderName()).resolve("polyphase.lock");
    try {
      Files.createDirectories(file.getParent());
    } catch (IOException e) {
      throw FileFailure.writing(cache.folder(), e);
    }
    ReentrantLock here =
        HERE.computeIfAbsent(file.toAbsolutePath().normalize(), path -> new ReentrantLock());
    if (!here.tryLock()) {
      waiting.run();
      here.lock();
    }
    @Nullable FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      @Nullable FileLock lock = channel.tryLock();
      if (lock == null) {
        waiting.run();
        lock = channel.lock();
      }
      return new RepositoryLock(here, channel);
    } catch (IOException e) {
      if (channel != null) {
        channel.close();
      }
      here.unlock();
      throw FileFailure.writing(file, e);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      here.unlock();
    }
  }
}
