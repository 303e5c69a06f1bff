package dev.polyphase.orchestrator.trackers;

import dev.polyphase.weights.FileFailure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A file of TensorBoard's events, each handed to the system as soon as it is added. What can't be
 * written waits in memory, and the file never ends within an event.
 */
final class EventFile implements AutoCloseable {
  private static final Pattern NAME =
      Pattern.compile("events\\.out\\.tfevents\\.(\\d{10,12})\\..*");
  private static final AtomicInteger MADE = new AtomicInteger();

  private final Path path;
  private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
  private @Nullable FileChannel channel;
  private long length;
  private int waitingEvents;

  private EventFile(Path path) {
    this.path = path;
  }

  /**
   * A file that TensorBoard reads behind those that are in the folder: it goes by their names,
   * which begin with seconds.
   *
   * @param host the name of this machine
   */
  static EventFile behind(OptionalLong newest, Path folder, Instant now, String host) {
    long seconds = Math.max(now.getEpochSecond(), newest.orElse(-1) + 1);
    return new EventFile(
        folder.resolve(
            "events.out.tfevents.%010d.%s.%d.%d"
                .formatted(seconds, host, ProcessHandle.current().pid(), MADE.getAndIncrement())));
  }

  /** The seconds in the name of the newest file of a folder, if it has one. */
  static OptionalLong newest(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return OptionalLong.empty();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> NAME.matcher(file.getFileName().toString()))
          .filter(Matcher::matches)
          .mapToLong(name -> Long.parseLong(name.group(1)))
          .max();
    }
  }

  Path path() {
    return path;
  }

  /** The events that are not in the file, all of them its last. */
  int waiting() {
    return waitingEvents;
  }

  /** Adds an event, which waits for {@link #flush}. */
  void add(TensorBoardEvent event) {
    waiting.writeBytes(event.bytes());
    waitingEvents++;
  }

  /**
   * Writes the events that wait: all of them, or none.
   *
   * @throws IOException where they still have to
   */
  void flush() throws IOException {
    if (waitingEvents == 0) {
      return;
    }
    try {
      if (channel == null) {
        channel =
            FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS);
        // What a failure left of an event.
        channel.truncate(length);
      }
      ByteBuffer bytes = ByteBuffer.wrap(waiting.toByteArray());
      while (bytes.hasRemaining()) {
        channel.write(bytes, length + bytes.position());
      }
      length += bytes.limit();
    } catch (IOException e) {
      letGo(e);
      throw FileFailure.writing(path, e);
    }
    waiting.reset();
    waitingEvents = 0;
  }

  /** A share that was mounted again asks for a file that is opened anew. */
  private void letGo(IOException failure) {
    @Nullable FileChannel closing = channel;
    channel = null;
    if (closing != null) {
      try (closing) {
        closing.truncate(length);
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
  }

  /** Lets go of the file; what waits by then is lost. */
  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
      channel = null;
    }
  }
}
