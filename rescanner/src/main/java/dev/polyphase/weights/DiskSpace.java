package dev.polyphase.weights;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** The file systems that files are written to. */
public final class DiskSpace {
  private DiskSpace() {}

  /**
   * What can be written below a path, in bytes; empty where the file system does not tell, as some
   * network shares.
   *
   * @param path need not exist: the nearest folder above it that does counts
   */
  public static OptionalLong freeAt(Path path) throws IOException {
    FileStore disk = Files.getFileStore(nearest(path));
    return disk.getTotalSpace() <= 0
        ? OptionalLong.empty()
        : OptionalLong.of(disk.getUsableSpace());
  }

  /** The path itself, or the nearest above it that exists. */
  public static Path nearest(Path path) {
    Path there = path.toAbsolutePath();
    while (!Files.exists(there)) {
      Path above = there.getParent();
      if (above == null) {
        return there;
      }
      there = above;
    }
    return there;
  }
}
