package dev.polyphase.weights;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Writes a checkpoint that differs from another in some of its tensors.
 *
 * <p>The new folder has the weight files of the base with the same tensors in each; tensors without
 * new values keep their bytes. Of the other files every one is carried over, but for weights in
 * further formats, their indices, and hidden folders.
 */
public final class CheckpointWriter {
  private CheckpointWriter() {}

  /** What becomes of a file of weights in which no tensor changes. */
  private enum Unchanged {
    COPIED,
    /** The new folder has the same file, where the file system can do that, else a copy. */
    LINKED
  }

  /** Writes the folder from a base as it is now. */
  public static void write(
      Checkpoint base,
      Path target,
      Map<String, NewTensor> replaced,
      Map<String, ? extends FileChange> changes)
      throws IOException {
    FolderState state = FolderState.of(base.folder(), target);
    write(base, state, target, replaced, changes, Unchanged.COPIED);
  }

  /**
   * Writes the folder from a base as it is now, as {@link #write} does, but files of weights in
   * which no tensor changes take no room where they can be the base's own, linked.
   */
  public static void writeLinked(
      Checkpoint base,
      Path target,
      Map<String, NewTensor> replaced,
      Map<String, ? extends FileChange> changes)
      throws IOException {
    FolderState state = FolderState.of(base.folder(), target);
    write(base, state, target, replaced, changes, Unchanged.LINKED);
  }

  /**
   * Writes what {@link #write} would into an empty folder, but none of the weights' values: enough
   * for all that looks at names and shapes, and next to no space on the disk.
   */
  public static void outline(
      Checkpoint base,
      Path folder,
      Map<String, NewTensor> replaced,
      Map<String, ? extends FileChange> changes)
      throws IOException {
    checkNames(base, replaced);
    SafetensorsOutline.write(
        folder.resolve(Checkpoint.SINGLE_FILE), base, FusedExperts.joined(base, replaced));
    carryOver(base.folder(), folder, folder, changes);
  }

  /**
   * Writes the folder whole or not at all: it is built beside its place as {@code .NAME.tmp-...},
   * synced, and renamed. A failure removes what was built, and of a full disk it says what the
   * whole folder takes; what a killed process left of an earlier attempt at the same folder is
   * removed on the next one. Two writers of one folder at the same time are not allowed.
   *
   * @param base the checkpoint that the new one is made from; its files are only read
   * @param state the base's folder when the first of its files was opened; it must be the same
   *     still when the new folder is complete
   * @param target the folder to write; it must not exist, and its parent must
   * @param replaced new values by tensor, all of them tensors of the base or experts' parts of
   *     them; the other experts of such a tensor keep their bytes
   * @param changes what becomes of the other files that are not carried over as they are, by their
   *     paths in the folder
   * @throws IllegalArgumentException if a replaced tensor is not in the base, if the experts of one
   *     tensor would have several types, or if the base has tensors that lie outside its folder
   * @throws IllegalStateException if a tensor's bytes are more or fewer than its shape and type
   *     need
   * @throws FileAlreadyExistsException if the target exists
   */
  public static void write(
      Checkpoint base,
      FolderState state,
      Path target,
      Map<String, NewTensor> replaced,
      Map<String, ? extends FileChange> changes)
      throws IOException {
    write(base, state, target, replaced, changes, Unchanged.COPIED);
  }

  private static void write(
      Checkpoint base,
      FolderState state,
      Path target,
      Map<String, NewTensor> newValues,
      Map<String, ? extends FileChange> changes,
      Unchanged unchanged)
      throws IOException {
    checkNames(base, newValues);
    Map<String, NewTensor> replaced = FusedExperts.joined(base, newValues);
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileAlreadyExistsException(target.toString());
    }
    state.checkUnchanged();
    for (Path leftover : TemporaryNames.leftovers(target)) {
      FolderTree.remove(leftover);
    }
    long bytes = weightBytes(base, replaced) + carriedBytes(base, target);
    Path temporary = TemporaryNames.next(target);
    try {
      Files.createDirectory(temporary);
      writeWeights(base, temporary, replaced, unchanged);
      carryOver(base.folder(), target, temporary, changes);
      state.checkUnchanged();
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      FileTransfer.deleteTreeAfter(e, temporary);
      throw FileFailure.writing(target, bytes, e);
    } catch (RuntimeException | Error e) {
      FileTransfer.deleteTreeAfter(e, temporary);
      throw e;
    }
    AtomicFiles.syncFolder(TemporaryNames.folderOf(target));
  }

  /**
   * Checks before any work that the other files can be carried over.
   *
   * @param target the folder to write later; neither it nor its parent need exist
   * @throws InputException naming each that can't: a link that leads out of the folder, what is no
   *     file, or may not be read
   */
  public static void requireCarried(Checkpoint base, Path target) throws IOException {
    CarriedFiles.of(base.folder(), target);
  }

  /**
   * What the other files that are carried over take on the disk, in bytes.
   *
   * @param target as {@link #requireCarried} has it
   */
  public static long carriedBytes(Checkpoint base, Path target) throws IOException {
    long bytes = 0;
    for (Path file : CarriedFiles.of(base.folder(), target)) {
      bytes += Files.size(base.folder().resolve(file));
    }
    return bytes;
  }

  private static void checkNames(Checkpoint base, Map<String, NewTensor> replaced) {
    SortedSet<String> unknown = new TreeSet<>(replaced.keySet());
    unknown.removeIf(base::contains);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          base.folder() + " has no tensors of the names " + unknown + " to replace");
    }
    for (TensorInfo tensor : base.tensors()) {
      if (!base.weightFiles().contains(tensor.file())) {
        throw new IllegalArgumentException(
            tensor.name() + " lies in " + tensor.file() + ", outside " + base.folder());
      }
    }
  }

  private static void writeWeights(
      Checkpoint base, Path folder, Map<String, NewTensor> replaced, Unchanged unchanged)
      throws IOException {
    long totalBytes = 0;
    for (Path file : base.weightFiles()) {
      Path target = folder.resolve(file.getFileName());
      List<TensorInfo> tensors = tensors(base, file);
      boolean same = tensors.stream().noneMatch(tensor -> replaced.containsKey(tensor.name()));
      if (same && unchanged == Unchanged.LINKED && FileTransfer.link(file, target)) {
        totalBytes += tensors.stream().mapToLong(TensorInfo::byteCount).sum();
      } else {
        totalBytes += SafetensorsWriter.write(file, target, tensors, replaced);
      }
    }
    if (base.index().isPresent()) {
      FileTransfer.writeLike(
          base.folder().resolve(ShardIndex.FILE_NAME),
          folder.resolve(ShardIndex.FILE_NAME),
          base.index().get().toJson(totalBytes));
    }
  }

  private static long weightBytes(Checkpoint base, Map<String, NewTensor> replaced)
      throws IOException {
    long bytes = 0;
    for (Path file : base.weightFiles()) {
      bytes +=
          SafetensorsWriter.fileBytes(SafetensorsWriter.planned(tensors(base, file), replaced));
    }
    return bytes;
  }

  private static List<TensorInfo> tensors(Checkpoint base, Path file) {
    return base.tensors().stream().filter(tensor -> tensor.file().equals(file)).toList();
  }

  private static void carryOver(
      Path base, Path target, Path folder, Map<String, ? extends FileChange> changes)
      throws IOException {
    SortedSet<Path> folders = new TreeSet<>(List.of(folder));
    for (Path file : CarriedFiles.of(base, target)) {
      if (!changes.containsKey(file.toString())) {
        Path to = folder.resolve(file);
        folders.add(Files.createDirectories(to.getParent()));
        FileTransfer.copy(base.resolve(file), to);
      }
    }
    for (Map.Entry<String, ? extends FileChange> change : changes.entrySet()) {
      Path file = base.resolve(change.getKey());
      Optional<String> text = text(change.getValue(), file);
      if (text.isPresent()) {
        byte[] utf8 = text.get().getBytes(StandardCharsets.UTF_8);
        FileTransfer.writeLike(file, folder.resolve(change.getKey()), utf8);
      }
    }
    for (Path written : folders) {
      AtomicFiles.syncFolder(written);
    }
  }

  private static Optional<String> text(FileChange change, Path file) throws IOException {
    if (change instanceof FileChange.Text other) {
      return Optional.of(other.text());
    }
    return change instanceof JsonEdit edit && (Files.exists(file) || !edit.set().isEmpty())
        ? Optional.of(edit.apply(file))
        : Optional.empty();
  }
}
