package dev.polyphase.orchestrator.store;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.weights.FileFailure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A growing file of JSON objects, one a line, each handed to the system as soon as it is added.
 *
 * <p>Nothing fails for the sake of a line. One that can't be written waits in memory, and those
 * after it do; they are written in order as soon as the file takes them, and it is then what it
 * would have been. It never ends within a line. The file is opened anew after a failure, as a share
 * that was mounted again asks for.
 */
public final class JsonLines implements AutoCloseable {
  private final Path file;
  private final Consumer<String> notes;
  private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
  private long waitingLines;
  private @Nullable FileChannel channel;
  private @Nullable IOException failure;

  /** What the file is cut to before anything is written, in bytes; -1 where it stays whole. */
  private long cutTo = -1;

  private boolean begun;

  /** What the file has once it is cut, in bytes; of use after {@link #keepOnly}. */
  private long written;

  /**
   * Lines to add to a file, which is made if it is not there. Half a line at its end, as a process
   * leaves that was killed, is ended first, so that it takes no other with it.
   *
   * @param notes is told, in a sentence, when the first line has to wait, and when none does any
   *     more
   */
  public JsonLines(Path file, Consumer<String> notes) {
    this.file = file;
    this.notes = notes;
    try {
      opened();
    } catch (IOException e) {
      failed(e);
    }
  }

  /** What is in the file behind its first bytes goes when the next line is written. */
  void keepOnly(long bytes) {
    cutTo = bytes;
    written = bytes;
  }

  /**
   * Takes back the last lines that were added: those that wait, and of what is written the rest
   * when the next line is.
   *
   * @param bytes what they take, which is no more than was added or kept
   */
  void takeBack(long bytes) {
    byte[] unwritten = waiting.toByteArray();
    int left = (int) Math.max(0, unwritten.length - bytes);
    waiting.reset();
    waiting.write(unwritten, 0, left);
    waitingLines = 0;
    for (int i = 0; i < left; i++) {
      waitingLines += unwritten[i] == '\n' ? 1 : 0;
    }
    written -= Math.max(0, bytes - unwritten.length);
    cutTo = written;
  }

  /** Does that now, if it can be. */
  void cutNow() {
    try {
      cut(opened());
    } catch (IOException e) {
      failed(FileFailure.writing(file, e));
      letGo();
    }
  }

  /** Adds a line. */
  public void add(JsonNode line) {
    waiting.writeBytes(bytes(line));
    waitingLines++;
    retry();
  }

  /** A line as it is written. */
  static byte[] bytes(JsonNode line) {
    return (line + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /** Tries to write the lines that wait. */
  void retry() {
    try {
      flush();
    } catch (IOException e) {
      failed(e);
    }
  }

  /**
   * Writes the lines that wait.
   *
   * @throws IOException where they still have to
   */
  void flush() throws IOException {
    if (waitingLines > 0) {
      FileChannel to = opened();
      try {
        begin(to);
        write(to, ByteBuffer.wrap(waiting.toByteArray()));
        written = to.size();
      } catch (IOException e) {
        letGo();
        throw FileFailure.writing(file, e);
      }
      waiting.reset();
      waitingLines = 0;
    }
    if (failure != null) {
      failure = null;
      notes.accept(file + " can be written again, and has every line");
    }
  }

  /** The lines that are not in the file, all of them its last. */
  public long waiting() {
    return waitingLines;
  }

  private void failed(IOException e) {
    if (failure == null) {
      notes.accept(
          FileFailure.cause(file, e)
              + "; its lines wait in memory until it can be written, and all else goes on");
    }
    failure = e;
  }

  private FileChannel opened() throws IOException {
    if (channel == null) {
      try {
        channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS);
      } catch (IOException e) {
        throw FileFailure.writing(file, e);
      }
    }
    return channel;
  }

  private void begin(FileChannel to) throws IOException {
    cut(to);
    if (!begun && endsWithinALine(to)) {
      write(to, ByteBuffer.wrap(new byte[] {'\n'}));
    }
    begun = true;
  }

  private static boolean endsWithinALine(FileChannel file) throws IOException {
    ByteBuffer last = ByteBuffer.allocate(1);
    return file.size() > 0 && file.read(last, file.size() - 1) == 1 && last.get(0) != '\n';
  }

  /** All of it behind what is there, or nothing. */
  private void write(FileChannel to, ByteBuffer bytes) throws IOException {
    long end = to.size();
    try {
      long position = end;
      while (bytes.hasRemaining()) {
        position += to.write(bytes, position);
      }
    } catch (IOException e) {
      cutTo = end;
      try {
        cut(to);
      } catch (IOException again) {
        // It is cut before the next line is written.
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private void cut(FileChannel to) throws IOException {
    if (cutTo >= 0) {
      to.truncate(cutTo);
      cutTo = -1;
    }
  }

  private void letGo() {
    @Nullable FileChannel closing = channel;
    channel = null;
    if (closing != null) {
      try {
        closing.close();
      } catch (IOException e) {
        failed(FileFailure.writing(file, e));
      }
    }
  }

  /** Lets go of the file, having tried once more; lines that wait stay, and may be flushed. */
  @Override
  public void close() {
    retry();
    letGo();
  }
}
