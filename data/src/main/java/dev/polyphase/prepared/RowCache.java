package dev.polyphase.prepared;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.FolderTree;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Where prepared files are kept, by what they follow from. Any of them may be removed; what nobody
 * used for {@link #KEPT} is removed by the next that keeps one.
 *
 * <p>A prepared file is built under another name and renamed, so that one that is there is whole,
 * whenever a process was killed, and two that make the same at once do not meet.
 */
public final class RowCache {
  /** How long one is kept after it was used last. */
  public static final Duration KEPT = Duration.ofDays(30);

  /** Whoever builds one is done by then, or was killed. */
  private static final Duration BUILT_WITHIN = Duration.ofDays(2);

  private static final String BUILDING = ".building-";

  private final Path folder;
  private @Nullable TemporaryFolder instead;

  /**
   * A cache in a folder, which is made when the first file is kept. Where it can't be written to,
   * prepared files lie among the system's temporary files until the process ends.
   */
  public RowCache(Path folder) {
    this.folder = folder;
  }

  /** Makes the content of a folder. */
  @FunctionalInterface
  interface Making {
    void into(Path folder) throws IOException;
  }

  /** The prepared file of a key, if it is there and whole. */
  <T> Optional<PreparedFile<T>> find(String key, String name, RowCodec<T> codec) {
    return find(place().resolve(key), name, codec);
  }

  private static <T> Optional<PreparedFile<T>> find(Path found, String name, RowCodec<T> codec) {
    if (!Files.isRegularFile(found.resolve(PreparedFile.MANIFEST))) {
      return Optional.empty();
    }
    try {
      PreparedFile<T> file = PreparedFile.open(found, name, codec);
      touch(found);
      return Optional.of(file);
    } catch (PreparedFile.DamagedException | InputException e) {
      // It is made again.
      removeQuietly(found);
      return Optional.empty();
    } catch (IOException e) {
      // It can't be read now, or somebody removes it.
      return Optional.empty();
    }
  }

  private synchronized Path place() {
    return instead == null ? folder : instead.path();
  }

  /**
   * Makes the prepared file of a key.
   *
   * @throws IOException also where its disk is full
   */
  <T> PreparedFile<T> make(String key, String name, RowCodec<T> codec, Making making)
      throws IOException {
    Path place = writable();
    Path building = place.resolve(key + BUILDING + UUID.randomUUID());
    try {
      Files.createDirectory(building);
      making.into(building);
      Path made = place.resolve(key);
      publish(building, made, place);
      return PreparedFile.open(made, name, codec);
    } finally {
      removeQuietly(building);
      removeUnused(place);
    }
  }

  private static void publish(Path building, Path made, Path place) throws IOException {
    if (moved(building, made)) {
      AtomicFiles.syncFolder(place);
    } else if (!Files.isRegularFile(made.resolve(PreparedFile.MANIFEST))) {
      // What is left of one that was being removed goes first; no name that another one uses does.
      Path leftover = building.resolveSibling(building.getFileName() + "-left");
      moved(made, leftover);
      removeQuietly(leftover);
      Files.move(building, made, StandardCopyOption.ATOMIC_MOVE);
      AtomicFiles.syncFolder(place);
    }
    // Else another process was faster; what it made is the same.
  }

  private static boolean moved(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
      return false;
    } catch (FileSystemException e) {
      if (Files.exists(to)) {
        return false;
      }
      throw e;
    }
  }

  private synchronized Path writable() throws IOException {
    if (instead != null) {
      return instead.path();
    }
    try {
      Files.createDirectories(folder);
      if (Files.isWritable(folder)) {
        return folder;
      }
    } catch (IOException e) {
      if (FileFailure.isDiskFull(e)) {
        throw e;
      }
    }
    instead = TemporaryFolder.create("rows");
    return instead.path();
  }

  private static void touch(Path found) {
    try {
      Files.setLastModifiedTime(found.resolve(PreparedFile.MANIFEST), FileTime.from(Instant.now()));
    } catch (IOException e) {
      // It belongs to somebody else, who may remove it.
    }
  }

  /** What is mapped by a process stays readable for it. */
  private static void removeUnused(Path place) {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(place)) {
      for (Path each : found) {
        boolean building = each.getFileName().toString().contains(BUILDING);
        Path dated = building ? each : each.resolve(PreparedFile.MANIFEST);
        if (Files.exists(dated)
            && Files.getLastModifiedTime(dated)
                .toInstant()
                .isBefore(Instant.now().minus(building ? BUILT_WITHIN : KEPT))) {
          removeQuietly(each);
        }
      }
    } catch (IOException e) {
      // The next may have more luck.
    }
  }

  /** The manifest goes first: what is left without it is none. */
  private static void removeQuietly(Path folder) {
    try {
      if (Files.exists(folder)) {
        Files.deleteIfExists(folder.resolve(PreparedFile.MANIFEST));
        FolderTree.remove(folder);
      }
    } catch (IOException e) {
      // What can't be removed stays, and is none.
    }
  }
}
