package dev.polyphase.weights;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.stream.Stream;

/** Bytes from file to file; what is written is on the disk when a method for files returns. */
final class FileTransfer {

  private FileTransfer() {}

  /** Copies a file to one that must not exist; not its permissions, which may forbid to write. */
  static void copy(Path source, Path target) throws IOException {
    try (FileChannel from = FileChannel.open(source, StandardOpenOption.READ);
        FileChannel to = create(target)) {
      append(source, from, 0, from.size(), to);
      to.force(true);
    } catch (IOException e) {
      throw FileFailure.writing(target, e);
    }
  }

  /** Writes a file that must not exist. */
  static void write(Path target, byte[] bytes) throws IOException {
    try (FileChannel to = create(target)) {
      append(ByteBuffer.wrap(bytes), to);
      to.force(true);
    } catch (IOException e) {
      throw FileFailure.writing(target, e);
    }
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

  /** Deletes a folder and all that is in it; links are deleted, not followed. */
  static void deleteTree(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** Deletes what a failed writer built; the writer's failure stays the one that is reported. */
  static void deleteTreeAfter(Throwable failure, Path path) {
    if (!Files.exists(path)) {
      return;
    }
    try {
      deleteTree(path);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
