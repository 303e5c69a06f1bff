package dev.polyphase.weights;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Bytes from file to file; what is written is on the disk when a method for files returns. */
final class FileTransfer {

  private FileTransfer() {}

  /** Copies a file to one that must not exist, and that nobody may use who may not use this one. */
  static void copy(Path source, Path target) throws IOException {
    try (FileChannel from = FileChannel.open(source, StandardOpenOption.READ);
        FileChannel to = createLike(source, target)) {
      append(source, from, 0, from.size(), to);
      to.force(true);
    } catch (IOException e) {
      throw FileFailure.writing(target, e);
    }
  }

  /**
   * Makes a file another name of one that is there; false where the file system or the rights to
   * that file do not let it.
   */
  static boolean link(Path source, Path target) throws IOException {
    Path real = source.toRealPath();
    try {
      Files.createLink(target, real);
      return true;
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /** Writes a file that must not exist; of a changed copy, with the permissions of the source. */
  static void writeLike(Path source, Path target, byte[] bytes) throws IOException {
    try (FileChannel to = createLike(source, target)) {
      append(ByteBuffer.wrap(bytes), to);
      to.force(true);
    } catch (IOException e) {
      throw FileFailure.writing(target, e);
    }
  }

  /** Creates a file with the permissions of another, as far as new files have them. */
  static FileChannel createLike(Path other, Path target) throws IOException {
    @Nullable PosixFileAttributeView permissions =
        Files.getFileAttributeView(other, PosixFileAttributeView.class);
    if (permissions == null || !Files.exists(other)) {
      return create(target);
    }
    return FileChannel.open(
        target,
        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
        PosixFilePermissions.asFileAttribute(permissions.readAttributes().permissions()));
  }

  static FileChannel create(Path target) throws IOException {
    return FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  /** Appends a part of a file; its bytes do not pass through Java where the system can help it. */
  static void append(Path source, FileChannel from, long position, long byteCount, FileChannel to)
      throws IOException {
    long done = 0;
    while (done < byteCount) {
      long moved = from.transferTo(position + done, byteCount - done, to);
      if (moved == 0) {
        throw FileFailure.reading(source, new EOFException());
      }
      done += moved;
    }
  }

  static void append(ByteBuffer bytes, WritableByteChannel to) throws IOException {
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }

  /** Deletes what a failed writer built; the writer's failure stays the one that is reported. */
  static void deleteTreeAfter(Throwable failure, Path path) {
    try {
      FolderTree.remove(path);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
