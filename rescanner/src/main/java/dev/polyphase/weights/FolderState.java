package dev.polyphase.weights;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * The files of a model's folder at one moment, those of weights and those that are carried over:
 * which file each is, how long, when it was written and how it begins. Whoever makes something of
 * the folder over hours takes its state before the first file is opened, and compares it before
 * something is written: a model that was exchanged meanwhile would be mixed with the one before.
 *
 * <p>Values are not compared, which would cost as much as reading the model. A rewriting that keeps
 * inode, length and time and all of the first mebibyte, in which the header of a safetensors file
 * lies, is not seen. Files that came to the folder meanwhile are no change.
 */
public final class FolderState {
  private static final int START_BYTES = 1 << 20;

  private final Map<Path, FileState> files;

  /**
   * One file; of a link, what it leads to.
   *
   * @param key device and inode; null where the file system has none
   * @param start the CRC-32 of its first bytes
   */
  private record FileState(@Nullable Object key, long bytes, FileTime written, long start) {
    static FileState of(Path file) throws IOException {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      try (InputStream in = Files.newInputStream(file)) {
        byte[] start = in.readNBytes((int) Math.min(now.size(), START_BYTES));
        CRC32 sum = new CRC32();
        sum.update(start);
        return new FileState(now.fileKey(), now.size(), now.lastModifiedTime(), sum.getValue());
      } catch (IOException e) {
        throw FileFailure.reading(file, e);
      }
    }
  }

  private FolderState(Map<Path, FileState> files) {
    this.files = files;
  }

  /**
   * The state of a folder now. One that is not there has no files.
   *
   * @param target what will be written from it; should it lie within {@code folder}, then the
   *     sub-folder that leads to it is left out
   */
  public static FolderState of(Path folder, Path target) throws IOException {
    Map<Path, FileState> files = new LinkedHashMap<>();
    if (Files.isDirectory(folder)) {
      for (Path file : weights(folder)) {
        files.put(file, FileState.of(file));
      }
      for (Path carried : CarriedFiles.of(folder, target)) {
        Path file = folder.resolve(carried);
        files.put(file, FileState.of(file));
      }
    }
    return new FolderState(files);
  }

  /**
   * Holds the folder to be as it was.
   *
   * @throws IOException that names the first file that is gone or another one, with what to do
   */
  public void checkUnchanged() throws IOException {
    for (Map.Entry<Path, FileState> file : files.entrySet()) {
      if (!Files.isRegularFile(file.getKey())) {
        throw changed(file.getKey(), "it is gone");
      }
      if (!FileState.of(file.getKey()).equals(file.getValue())) {
        throw changed(file.getKey(), "it is another file or was written to");
      }
    }
  }

  private static FileSystemException changed(Path file, String what) {
    return new FileSystemException(
        file.toString(),
        null,
        what
            + " since this model was opened, and the result would be a mixture of two models;"
            + " leave a model alone while it is used, and run the command again");
  }

  /** As {@link Checkpoint#open} finds them; it says what is wrong with what is not there. */
  private static SortedSet<Path> weights(Path folder) throws IOException {
    SortedSet<Path> weights = new TreeSet<>();
    Path single = folder.resolve(Checkpoint.SINGLE_FILE);
    Path index = folder.resolve(ShardIndex.FILE_NAME);
    if (Files.isRegularFile(single)) {
      weights.add(single);
    } else if (Files.isRegularFile(index)) {
      weights.add(index);
      for (String shard : ShardIndex.read(index).tensorsByFile().keySet()) {
        weights.add(folder.resolve(shard));
      }
      weights.removeIf(file -> !Files.isRegularFile(file));
    }
    return weights;
  }
}
