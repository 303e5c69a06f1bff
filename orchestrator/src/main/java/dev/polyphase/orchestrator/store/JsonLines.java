package dev.polyphase.orchestrator.store;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.weights.FileFailure;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A growing file of JSON objects, one a line, each handed to the system as soon as it is added. */
final class JsonLines implements AutoCloseable {
  private final Path file;
  private final BufferedWriter writer;

  private JsonLines(Path file, BufferedWriter writer) {
    this.file = file;
    this.writer = writer;
  }

  /**
   * Adds to a file, which may be there already. Half a line at its end, as a process leaves that
   * was killed, is ended first, so that it takes no other with it.
   */
  static JsonLines append(Path file) throws IOException {
    boolean half = endsWithinALine(file);
    JsonLines lines =
        open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND, LinkOption.NOFOLLOW_LINKS);
    if (half) {
      try {
        lines.writer.write('\n');
      } catch (IOException e) {
        lines.close();
        throw FileFailure.writing(file, e);
      }
    }
    return lines;
  }

  private static boolean endsWithinALine(Path file) throws IOException {
    if (!Files.isRegularFile(file) || Files.size(file) == 0) {
      return false;
    }
    try (FileChannel bytes = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer last = ByteBuffer.allocate(1);
      bytes.read(last, bytes.size() - 1);
      return last.get(0) != '\n';
    }
  }

  /** Begins a file; one that is there is emptied. */
  static JsonLines anew(Path file) throws IOException {
    return open(
        file,
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE,
        LinkOption.NOFOLLOW_LINKS);
  }

  private static JsonLines open(Path file, OpenOption... options) throws IOException {
    return new JsonLines(file, Files.newBufferedWriter(file, options));
  }

  void add(JsonNode line) throws IOException {
    try {
      writer.write(line.toString());
      writer.write('\n');
      writer.flush();
    } catch (IOException e) {
      throw FileFailure.writing(file, e);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      writer.close();
    } catch (IOException e) {
      throw FileFailure.writing(file, e);
    }
  }
}
