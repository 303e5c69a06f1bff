package dev.polyphase.weights;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Files that are there whole or not at all, also after a power failure: written under another name
 * in the same folder, synced, renamed. A file of that name is replaced; a writer that fails leaves
 * it as it was. Only a process that is killed can leave its temporary file, {@code .NAME.tmp-...},
 * which nobody reads.
 */
public final class AtomicFiles {

  private AtomicFiles() {}

  /** What is written; closing the stream is allowed and not needed. */
  @FunctionalInterface
  public interface Writing {

    /** Writes the whole file. */
    void writeTo(OutputStream out) throws IOException;
  }

  /** The same into the file's channel. */
  @FunctionalInterface
  interface ChannelWriting {
    void writeTo(FileChannel channel) throws IOException;
  }

  /**
   * Writes or replaces a file; its folder must exist. A link of that name is replaced, not
   * followed: {@link OutputPlace} is for files that users name.
   */
  public static void write(Path file, Writing body) throws IOException {
    write(file, buffered(body), FileTransfer::create);
  }

  /** The same; one that is there keeps its permissions. */
  static void replace(Path file, Writing body) throws IOException {
    write(file, buffered(body), temporary -> FileTransfer.createLike(file, temporary));
  }

  /**
   * The same for what comes in large buffers of memory, which a stream would take to pieces.
   *
   * @param bytes how many there will be, for the message of a full disk
   */
  static void writeChannel(Path file, long bytes, ChannelWriting body) throws IOException {
    try {
      write(file, body, FileTransfer::create);
    } catch (IOException e) {
      throw FileFailure.writing(file, bytes, e);
    }
  }

  private static void write(Path file, ChannelWriting body, Creation creation) throws IOException {
    Path temporary = TemporaryNames.next(file);
    try {
      try (FileChannel channel = creation.of(temporary)) {
        body.writeTo(channel);
        channel.force(true);
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      FileTransfer.deleteTreeAfter(e, temporary);
      throw FileFailure.writing(file, e);
    } catch (RuntimeException | Error e) {
      FileTransfer.deleteTreeAfter(e, temporary);
      throw e;
    }
    syncFolder(TemporaryNames.folderOf(file));
  }

  /** Writes or replaces a file of UTF-8 text. */
  public static void writeString(Path file, String text) throws IOException {
    write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * Makes the names in a folder last, as {@code force} does the contents of a file. Windows has no
   * such call and keeps names by itself.
   */
  public static void syncFolder(Path folder) throws IOException {
    if (folder.getFileSystem().getSeparator().equals("\\")) {
      return;
    }
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      throw FileFailure.writing(folder, e);
    }
  }

  /** How a file that is not there is made. */
  @FunctionalInterface
  private interface Creation {
    FileChannel of(Path file) throws IOException;
  }

  private static ChannelWriting buffered(Writing body) {
    return channel -> {
      OutputStream out = flushedOnClose(channel);
      body.writeTo(out);
      out.flush();
    };
  }

  /** Some writers close their stream, but the channel must stay open until it is synced. */
  private static OutputStream flushedOnClose(FileChannel channel) {
    return new BufferedOutputStream(Channels.newOutputStream(channel)) {
      @Override
      public void close() throws IOException {
        flush();
      }
    };
  }
}
