package dev.polyphase.orchestrator.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;

/**
 * The runs that a process holds at one moment. Linux lists all locks of the machine, so that none
 * has to be tried for it: to close a file gives up this process's locks of it, and while one is
 * tried nobody else can take it.
 */
public final class HeldRuns {
  private static final Path LOCKS = Path.of("/proc/locks");

  /** The fields of a line, as {@code 1: POSIX ADVISORY WRITE 4711 fe:00:123456 0 EOF}. */
  private static final int KIND = 1;

  private static final int FILE = 5;

  private final boolean listed;
  private final Set<String> files;

  private HeldRuns(boolean listed, Set<String> files) {
    this.listed = listed;
    this.files = files;
  }

  /** Those of this moment. */
  public static HeldRuns now() {
    Set<String> files = new HashSet<>();
    try {
      for (String line : Files.readAllLines(LOCKS, StandardCharsets.ISO_8859_1)) {
        String[] fields = line.split("\\s+", -1);
        if (fields.length > FILE && !fields[KIND].equals("->")) {
          files.add(fields[FILE]);
        }
      }
      return new HeldRuns(true, files);
    } catch (IOException e) {
      return new HeldRuns(false, Set.of());
    }
  }

  /**
   * Whether a process holds a run.
   *
   * @param expected whether one should: only then is it worth to ask for the lock where it is not
   *     listed, as that of a process on another machine or in another container
   */
  public boolean holds(RunFolder run, boolean expected) {
    try {
      if (listed && files.contains(key(run.lock()))) {
        return true;
      }
      return (expected || !listed)
          && Files.isRegularFile(run.lock(), LinkOption.NOFOLLOW_LINKS)
          && isLocked(run.lock());
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /** As the list names a file: the numbers of its device, in hexadecimal, and its own. */
  private static String key(Path lock) throws IOException {
    long device = ((Number) Files.getAttribute(lock, "unix:dev")).longValue();
    long file = ((Number) Files.getAttribute(lock, "unix:ino")).longValue();
    long major = ((device >>> 8) & 0xfff) | ((device >>> 32) & ~0xfffL);
    long minor = (device & 0xff) | ((device >>> 12) & ~0xffL);
    return "%02x:%02x:%d".formatted(major, minor, file);
  }

  /** A shared lock, for a moment; {@link RunLock#take} waits for longer than that. */
  private static boolean isLocked(Path lock) throws IOException {
    try (FileChannel channel =
            FileChannel.open(lock, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
        FileLock taken = channel.tryLock(0, Long.MAX_VALUE, true)) {
      return taken == null;
    } catch (OverlappingFileLockException e) {
      return true;
    }
  }
}
