package dev.polyphase.prepared;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes the files of a {@link PreparedFile} into a folder, batch after batch. */
final class PreparedFileWriter implements Closeable {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int BUFFER_BYTES = 1 << 20;

  private final Path folder;
  private final Numbers numbers;
  private final Numbers index;
  private final FileChannel rejected;
  private final BitSet learned = new BitSet();
  private final Map<String, Long> reasons = new LinkedHashMap<>();
  private final List<RejectedRow> firstRejected = new ArrayList<>();
  private int rows;
  private long tokens;

  PreparedFileWriter(Path folder) throws IOException {
    this.folder = folder;
    this.numbers = new Numbers(folder.resolve(PreparedFile.NUMBERS));
    this.index = new Numbers(folder.resolve(PreparedFile.INDEX));
    this.rejected = create(folder.resolve(PreparedFile.REJECTED));
  }

  /** The rows of a batch, in their order. */
  void add(Batch batch) throws IOException {
    long start = numbers.written();
    numbers.add(batch.numbers(), batch.size());
    for (RowEntry entry : batch.entries()) {
      int[] written = entry.at(start + entry.start()).numbers();
      index.add(written, written.length);
    }
    rows = Math.addExact(rows, batch.entries().size());
    tokens += batch.tokens();
    learned.or(batch.learned());
    for (RejectedRow row : batch.rejected()) {
      reasons.merge(row.reason(), 1L, Long::sum);
      if (firstRejected.size() < BadRows.SHOWN) {
        firstRejected.add(row);
      }
      String line =
          JSON.createObjectNode()
              .put("line", row.place().line())
              .put("column", row.place().column())
              .put("reason", row.reason())
              .put("problem", row.sentence())
              .put("row", row.text())
              .toString();
      write(rejected, ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
    }
  }

  long rows() {
    return rows;
  }

  long tokens() {
    return tokens;
  }

  /** How many rows were refused. */
  long bad() {
    return badRows().count();
  }

  /** The rows that were refused. */
  BadRows badRows() {
    return new BadRows(reasons, firstRejected);
  }

  /**
   * Completes the folder: after a crash it is whole if the manifest is there.
   *
   * @param countsRows whether a row's place is its number, in a file without lines
   */
  void finish(boolean countsRows) throws IOException {
    numbers.finish();
    index.finish();
    rejected.force(true);
    AtomicFiles.write(
        folder.resolve(PreparedFile.LEARNED), out -> out.write(learned.toByteArray()));
    String manifest =
        new PreparedFile.Manifest(rows, tokens, reasons, countsRows).json().toPrettyString();
    AtomicFiles.writeString(folder.resolve(PreparedFile.MANIFEST), manifest + "\n");
  }

  @Override
  public void close() throws IOException {
    numbers.close();
    index.close();
    rejected.close();
  }

  private static FileChannel create(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** A file of numbers. */
  private static final class Numbers implements Closeable {
    private final Path file;
    private final FileChannel channel;
    private final ByteBuffer buffer =
        ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private long written;

    Numbers(Path file) throws IOException {
      this.file = file;
      this.channel = create(file);
    }

    long written() {
      return written;
    }

    void add(int[] numbers, int count) throws IOException {
      int done = 0;
      while (done < count) {
        if (!buffer.hasRemaining()) {
          flush();
        }
        int next = Math.min(count - done, buffer.remaining() / Integer.BYTES);
        buffer.asIntBuffer().put(numbers, done, next);
        buffer.position(buffer.position() + next * Integer.BYTES);
        done += next;
      }
      written += count;
    }

    private void flush() throws IOException {
      buffer.flip();
      try {
        write(channel, buffer);
      } catch (IOException e) {
        throw FileFailure.writing(file, e);
      }
      buffer.clear();
    }

    void finish() throws IOException {
      flush();
      channel.force(true);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
