package dev.polyphase.data;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.FileFailure;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a file, decompressed, through a buffer that its readers scan. What can't be read, or
 * be decompressed, is said with the line that is reached.
 */
final class RowBytes implements AutoCloseable {
  /** As many bytes as are looked at to tell a file's type. */
  static final int HEAD_BYTES = 1 << 16;

  /** A row or a line must fit into an array, and several into memory. */
  static final int MOST_BYTES_OF_A_ROW = 1 << 30;

  /** What is kept for the next row, and what is not. */
  static final int LARGE_BYTES = 1 << 22;

  private static final int BUFFER_BYTES = 1 << 18;
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private final Path file;
  private final Raw raw;
  private final InputStream in;
  private final @Nullable Compression compression;
  private boolean ended;

  /** What has been read; what is still to be read of it lies from {@link #at} to {@link #end}. */
  final byte[] buffer = new byte[BUFFER_BYTES];

  int at;
  int end;

  /** The line that {@link #at} is in, 1-based; counted by whoever passes over a line feed. */
  int line = 1;

  private RowBytes(Path file, Raw raw, InputStream in, @Nullable Compression compression) {
    this.file = file;
    this.raw = raw;
    this.in = in;
    this.compression = compression;
  }

  /** The file itself: keeps apart what fails below from what is wrong with the bytes. */
  private static final class Raw extends FilterInputStream {
    private @Nullable IOException failure;

    /** How many bytes were read. */
    private long count;

    Raw(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        int read = super.read(bytes, offset, length);
        count += Math.max(0, read);
        return read;
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }
  }

  /** How much of the file was read, from 0 to 1; empty of a stream. */
  OptionalDouble share() {
    long size = file.toFile().length();
    return size == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) raw.count / size);
  }

  /**
   * Opens a file and reads its beginning.
   *
   * @throws InputException if it is not there or damaged
   */
  static RowBytes open(Path file) throws IOException {
    Raw raw;
    try {
      raw = new Raw(InputFile.open(file));
    } catch (NoSuchFileException e) {
      throw new InputException(Place.in(InputFile.name(file)), "there is no such file");
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    try {
      return open(file, raw);
    } catch (IOException | RuntimeException e) {
      raw.close();
      throw e;
    }
  }

  private static RowBytes open(Path file, Raw raw) throws IOException {
    // Decompressors that take byte after byte would ask the system for each.
    PushbackInputStream plain =
        new PushbackInputStream(new BufferedInputStream(raw, HEAD_BYTES), HEAD_BYTES);
    byte[] head;
    try {
      head = plain.readNBytes(HEAD_BYTES);
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    plain.unread(head);
    Optional<Compression> compression = Compression.of(head);
    if (compression.isEmpty()) {
      Optional<Compression> promised = Compression.promised(file.toString());
      if (promised.isPresent() && head.length > 0) {
        String ending = promised.get().ending();
        throw new InputException(
            Place.in(InputFile.name(file)),
            "its name ends with %s, but it is not compressed; take %s off its name"
                .formatted(ending, ending));
      }
      RowBytes bytes = new RowBytes(file, raw, plain, null);
      bytes.fillUp();
      return bytes;
    }
    InputStream in;
    try {
      in = compression.get().decompress(plain);
    } catch (IOException | RuntimeException e) {
      throw damaged(file, raw, compression.get(), 0, e);
    }
    RowBytes bytes = new RowBytes(file, raw, in, compression.get());
    bytes.line = 0; // What is damaged this early is damaged as a whole.
    bytes.fillUp();
    bytes.line = 1;
    return bytes;
  }

  Path file() {
    return file;
  }

  /** What messages call the file. */
  String name() {
    return InputFile.name(file);
  }

  /** What has compressed it. */
  Optional<Compression> compression() {
    return Optional.ofNullable(compression);
  }

  /** What it begins with, before anything is read. */
  byte[] head() {
    return Arrays.copyOfRange(buffer, at, Math.min(end, at + HEAD_BYTES));
  }

  /** Goes over the mark that editors of one system put before a text. */
  void skipByteOrderMark() {
    if (end - at >= BYTE_ORDER_MARK.length
        && Arrays.equals(
            buffer, at, at + BYTE_ORDER_MARK.length, BYTE_ORDER_MARK, 0, BYTE_ORDER_MARK.length)) {
      at += BYTE_ORDER_MARK.length;
    }
  }

  /** Whether there is a byte at {@link #at}, which is read where it is not yet. */
  boolean more() throws IOException {
    return at < end || fill();
  }

  /** The next byte, which stays the next; -1 at the end. */
  int peek() throws IOException {
    return more() ? buffer[at] & 0xff : -1;
  }

  /** The bytes up to the end of the line, a copy without it; null at the end of the file. */
  byte @Nullable [] nextLine() throws IOException {
    if (!more()) {
      return null;
    }
    @Nullable JsonBytes before = null;
    while (true) {
      int start = at;
      int stop = end;
      byte[] from = buffer;
      int found = start;
      while (found < stop && from[found] != '\n') {
        found++;
      }
      boolean whole = found < stop;
      at = whole ? found + 1 : stop;
      if (whole && before == null) {
        line++;
        return Arrays.copyOfRange(from, start, beforeEnd(from, start, found));
      }
      before = before == null ? new JsonBytes() : before;
      before.raw(from, start, found);
      if (before.size() > MOST_BYTES_OF_A_ROW) {
        throw tooLong(line);
      }
      if (whole || !fill()) {
        line += whole ? 1 : 0;
        byte[] bytes = before.toArray();
        int stripped = beforeEnd(bytes, 0, bytes.length);
        return stripped == bytes.length ? bytes : Arrays.copyOf(bytes, stripped);
      }
    }
  }

  /** One system ends lines with a carriage return before the line feed. */
  private static int beforeEnd(byte[] from, int start, int lineFeed) {
    return lineFeed > start && from[lineFeed - 1] == '\r' ? lineFeed - 1 : lineFeed;
  }

  /** That what begins in a line is too long for a row. */
  InputException tooLong(int begin) {
    return new InputException(
        Place.line(name(), begin), "what begins here is longer than 1 GiB; part it into rows");
  }

  /**
   * Reads as many bytes as an array has.
   *
   * @return how many there were, fewer only at the end of the file
   */
  int read(byte[] into, int offset, int length) throws IOException {
    int done = 0;
    while (done < length && more()) {
      int part = Math.min(length - done, end - at);
      System.arraycopy(buffer, at, into, offset + done, part);
      at += part;
      done += part;
    }
    return done;
  }

  /** Fills the buffer, which is empty, anew; false at the end of the file. */
  private boolean fill() throws IOException {
    at = 0;
    end = 0;
    if (!ended) {
      readInto();
    }
    return end > 0;
  }

  /** The whole buffer, so that the beginning can be looked at. */
  private void fillUp() throws IOException {
    while (end < HEAD_BYTES && !ended) {
      readInto();
    }
  }

  private void readInto() throws IOException {
    try {
      int count = in.read(buffer, end, buffer.length - end);
      ended = count < 0;
      end += Math.max(count, 0);
    } catch (IOException | RuntimeException e) {
      if (compression == null && e instanceof IOException io) {
        throw FileFailure.reading(file, io);
      }
      if (compression == null) {
        throw e;
      }
      throw damaged(file, raw, compression, line, e);
    }
  }

  /** What a decoder throws: the file failed below it, or what it was given is not whole. */
  private static RuntimeException damaged(
      Path file, Raw raw, Compression compression, int line, Exception e) throws IOException {
    if (raw.failure != null) {
      throw FileFailure.reading(file, raw.failure);
    }
    String words = String.valueOf(e.getMessage());
    boolean cut =
        e instanceof EOFException
            || words.contains("runcated")
            || words.contains("nexpected end")
            || words.contains("remature end");
    String name = InputFile.name(file);
    return new InputException(
        line == 0 ? Place.in(name) : Place.line(name, line),
        "this %s file %s; %scopy or compress it anew"
            .formatted(
                compression.word(),
                cut ? "ends too early" : "is damaged here",
                cut ? "it was cut off, so " : ""));
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
