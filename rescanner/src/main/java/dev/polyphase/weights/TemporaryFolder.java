package dev.polyphase.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A folder that is there for a while. All of a process lie in one folder of its own among the
 * system's temporary files, which nobody else may enter and which is removed when the process ends,
 * also by a signal. What a process left that was killed is removed by the next that looks: a
 * process holds the lock of its folder as long as it lives.
 */
public final class TemporaryFolder implements AutoCloseable {
  private static final String PREFIX = "polyphase-tmp-";
  private static final String LOCK = "lock";

  /** What still writes while a process ends may put something into a folder that goes. */
  private static final int ATTEMPTS = 20;

  private static @Nullable Root root;

  private final Path path;

  private TemporaryFolder(Path path) {
    this.path = path;
  }

  /** The folder of a process; the lock goes with its channel. */
  private record Root(Path path, FileChannel locked) {}

  /**
   * A new one.
   *
   * @param name what its own name begins with
   */
  public static synchronized TemporaryFolder create(String name) throws IOException {
    if (root == null) {
      root = newRoot();
      Runtime.getRuntime().addShutdownHook(new Thread(TemporaryFolder::removeAll));
    }
    return new TemporaryFolder(Files.createTempDirectory(root.path(), name + "-"));
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  @Override
  public void close() throws IOException {
    FolderTree.remove(path);
  }

  /** Removes all that this process has: it ends. */
  public static synchronized void removeAll() {
    if (root != null) {
      for (int i = 0; i < ATTEMPTS && Files.exists(root.path()); i++) {
        removeQuietly(root.path());
      }
      root = null;
    }
  }

  /** Removes what processes of this user left that are no more. */
  public static void removeLeftovers() {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(temporaryFiles(), PREFIX + "*")) {
      for (Path folder : found) {
        removeIfLeft(folder);
      }
    } catch (IOException | UncheckedIOException e) {
      // The next process may have more luck; this one has something else to do.
    }
  }

  private static Root newRoot() throws IOException {
    while (true) {
      Path folder = Files.createTempDirectory(PREFIX);
      Path lock = folder.resolve(LOCK);
      FileChannel channel =
          FileChannel.open(lock, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      try {
        channel.lock();
      } catch (IOException e) {
        // A file system without locks: nobody else can have one either, and remove what is in use.
        return new Root(folder, channel);
      }
      // Until it was locked another process could take it for one that was left.
      if (Files.exists(lock)) {
        return new Root(folder, channel);
      }
      channel.close();
    }
  }

  private static void removeIfLeft(Path folder) {
    Path lock = folder.resolve(LOCK);
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
        || !Files.isRegularFile(lock, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (FileChannel channel =
        FileChannel.open(lock, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
      @Nullable FileLock taken = channel.tryLock();
      if (taken != null) {
        removeQuietly(folder);
      }
    } catch (IOException | OverlappingFileLockException e) {
      // It is another user's, in use by this process, or gone by now.
    }
  }

  /** The lock goes last: whoever ends on the way leaves what the next can remove. */
  private static void removeQuietly(Path folder) {
    List<Path> parts = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder)) {
      found.forEach(parts::add);
      for (Path part : parts) {
        if (!part.endsWith(LOCK)) {
          FolderTree.remove(part);
        }
      }
      Files.deleteIfExists(folder.resolve(LOCK));
      Files.deleteIfExists(folder);
    } catch (IOException | UncheckedIOException e) {
      // What can't be removed stays; the one who asked could do nothing about it.
    }
  }

  private static Path temporaryFiles() {
    return Path.of(System.getProperty("java.io.tmpdir"));
  }
}
