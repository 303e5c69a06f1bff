package dev.polyphase.data;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.FileFailure;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Rows of Arrow's IPC format: the stream that Hugging Face {@code datasets} saves, and the file
 * that is Feather 2, which is a stream between a head and an index. Messages are read one by one,
 * and of a plain file large buffers are mapped, not held on the heap.
 */
final class ArrowRows implements RowFile {
  private static final int SCHEMA = 1;
  private static final int DICTIONARY = 2;
  private static final int RECORDS = 3;

  private static final byte[] MAGIC = "ARROW1".getBytes(US_ASCII);
  private static final int HEAD_OF_A_FILE = 8;
  private static final int CONTINUES = -1;
  private static final int MOST_BYTES_OF_A_DESCRIPTION = 1 << 28;
  private static final int FROM_BYTES_MAPPED = 1 << 20;
  private static final int MOST_TIMES_SMALLER = 64;

  private final Source source;
  private final String name;
  private final boolean isFile;
  private final List<ArrowType> columns = new ArrayList<>();
  private final List<byte[]> keys = new ArrayList<>();
  private final Map<Long, ArrowType> dictionaryTypes = new HashMap<>();
  private final Map<Long, ArrowColumn> dictionaries = new HashMap<>();
  private final JsonBytes json = new JsonBytes();

  private List<ArrowColumn> batch = List.of();
  private int rowsOfBatch;
  private int rowOfBatch;
  private int row;
  private boolean ended;

  /**
   * The rows of a file.
   *
   * @param isFile whether it is Arrow's file, not its stream
   * @throws InputException if it is damaged, or has columns of a type that is not read
   */
  ArrowRows(RowBytes bytes, boolean isFile) throws IOException {
    this.name = bytes.name();
    this.isFile = isFile;
    this.source = Source.of(bytes);
    if (isFile) {
      source.skip(HEAD_OF_A_FILE);
    }
    try {
      if (!readMessage() || columns.isEmpty()) {
        throw damaged();
      }
    } catch (EOFException e) {
      throw cut();
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      throw damaged();
    }
  }

  /** DuckDB's types of the columns. */
  Map<String, String> types() {
    Map<String, String> types = new LinkedHashMap<>();
    for (ArrowType column : columns) {
      types.put(column.name(), column.holdsBytes() ? "STRUCT(\"binary\" JSON)" : column.sql());
    }
    return types;
  }

  @Override
  public @Nullable RawRow next() throws IOException {
    try {
      while (!ended && rowOfBatch == rowsOfBatch) {
        ended = !readMessage();
      }
      if (ended) {
        return null;
      }
      json.clear();
      for (int i = 0; i < batch.size(); i++) {
        json.raw(keys.get(i));
        ArrowColumn column = batch.get(i);
        // As of Parquet: whoever needs a text or a list there refuses an object.
        boolean bytes = columns.get(i).holdsBytes() && !column.isNull(rowOfBatch);
        json.raw(bytes ? "{\"binary\":" : "");
        column.write(rowOfBatch, json);
        json.raw(bytes ? "}" : "");
      }
      json.raw('}');
      rowOfBatch++;
      row++;
      return new RawRow(Place.row(name, row), json.toArray());
    } catch (EOFException e) {
      throw cut();
    } catch (IndexOutOfBoundsException
        | IllegalArgumentException
        | ArithmeticException
        | NullPointerException e) {
      throw damaged();
    }
  }

  /** Reads a message; false at the end of them. */
  private boolean readMessage() throws IOException {
    if (source.atEnd()) {
      if (isFile) {
        throw new EOFException();
      }
      return false; // Whoever writes a stream need not say that it ends.
    }
    int first = source.int32();
    int length = first == CONTINUES ? source.int32() : first;
    if (length == 0) {
      if (isFile && !source.endsWith(MAGIC)) {
        throw new EOFException();
      }
      return false;
    }
    if (length < 0 || length > MOST_BYTES_OF_A_DESCRIPTION) {
      throw new IndexOutOfBoundsException("a description of " + length);
    }
    byte[] description = new byte[length];
    source.read(length).get(description);
    Flatbuffer message = Flatbuffer.root(description);
    Flatbuffer header = message.table(2).orElseThrow(IndexOutOfBoundsException::new);
    long bodyLength = message.int64(3);
    if (bodyLength < 0) {
      throw new IndexOutOfBoundsException("a body of " + bodyLength);
    }
    switch (message.int8(1)) {
      case SCHEMA -> readSchema(header);
      case DICTIONARY -> readDictionary(header, bodyLength);
      case RECORDS -> readRecords(header, bodyLength);
      default -> source.skip(bodyLength);
    }
    return true;
  }

  private void readSchema(Flatbuffer schema) {
    if (schema.int16(0, 0) != 0) {
      throw new InputException(
          Place.in(name),
          "this Arrow file is in big-endian order; write it anew, as little-endian");
    }
    for (int i = 0; i < schema.size(1); i++) {
      ArrowType column = ArrowType.of(schema.item(1, i), name);
      columns.add(column);
      noteDictionaries(column);
      JsonBytes key = new JsonBytes();
      keys.add(key.raw(i == 0 ? '{' : ',').text(column.name()).raw(':').toArray());
    }
  }

  private void noteDictionaries(ArrowType type) {
    if (type.index() != null) {
      dictionaryTypes.put(type.dictionary(), type.ofValues());
    }
    type.children().forEach(this::noteDictionaries);
  }

  private void readDictionary(Flatbuffer header, long bodyLength) throws IOException {
    long id = header.int64(0);
    if (header.int8(2) != 0) {
      throw new InputException(
          Place.in(name),
          "this Arrow file adds to the dictionary of a column, which is not read; write it anew");
    }
    ArrowType type =
        Optional.ofNullable(dictionaryTypes.get(id)).orElseThrow(IndexOutOfBoundsException::new);
    Flatbuffer records = header.table(1).orElseThrow(IndexOutOfBoundsException::new);
    dictionaries.put(id, new ArrowColumn(type, new Buffers(records, bodyLength), dictionaries));
  }

  private void readRecords(Flatbuffer records, long bodyLength) throws IOException {
    batch = List.of(); // Two of them need not fit into memory.
    Buffers buffers = new Buffers(records, bodyLength);
    List<ArrowColumn> read = new ArrayList<>();
    for (ArrowType column : columns) {
      read.add(new ArrowColumn(column, buffers, dictionaries));
    }
    batch = read;
    rowOfBatch = 0;
    rowsOfBatch = Math.toIntExact(records.int64(0));
  }

  /** The buffers of one message, all of them read. */
  private final class Buffers implements ArrowColumn.Batch {
    private static final int BYTES_OF_A_NODE = 16;
    private static final int BYTES_OF_A_BUFFER = 16;

    private final Flatbuffer records;
    private final List<ByteBuffer> buffers = new ArrayList<>();
    private int nextNode;
    private int nextBuffer;
    private int nextViews;

    Buffers(Flatbuffer records, long bodyLength) throws IOException {
      this.records = records;
      Optional<Compression> compression =
          records.table(3).map(by -> by.int8(0) == 0 ? Compression.LZ4 : Compression.ZSTD);
      long at = 0;
      for (int i = 0; i < records.size(2); i++) {
        long offset = records.int64(2, i, BYTES_OF_A_BUFFER, 0);
        long length = records.int64(2, i, BYTES_OF_A_BUFFER, 8);
        if (offset < at || length < 0 || length > bodyLength - offset) {
          throw new IndexOutOfBoundsException("a buffer at " + offset);
        }
        source.skip(offset - at);
        ByteBuffer buffer = source.read(Math.toIntExact(length));
        at = offset + length;
        buffers.add(compression.isPresent() ? decompressed(buffer, compression.get()) : buffer);
      }
      source.skip(bodyLength - at);
    }

    private ByteBuffer decompressed(ByteBuffer buffer, Compression compression) throws IOException {
      if (buffer.capacity() == 0) {
        return buffer;
      }
      long size = buffer.getLong(0);
      ByteBuffer packed = buffer.slice(Long.BYTES, buffer.capacity() - Long.BYTES);
      if (size < 0) {
        return packed.order(ByteOrder.LITTLE_ENDIAN);
      }
      int wanted = Math.toIntExact(size);
      try (InputStream in = compression.decompress(new BufferStream(packed))) {
        byte[] plain;
        if (size / MOST_TIMES_SMALLER <= packed.capacity()) {
          plain = new byte[wanted];
          wanted -= in.readNBytes(plain, 0, wanted);
        } else {
          // What is damaged may claim any size.
          plain = in.readNBytes(wanted);
          wanted -= plain.length;
        }
        if (wanted != 0) {
          throw new IndexOutOfBoundsException("a buffer too short by " + wanted);
        }
        return ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN);
      } catch (IOException e) {
        throw new IllegalArgumentException("no " + compression.word(), e);
      }
    }

    @Override
    public ByteBuffer buffer() {
      return buffers.get(nextBuffer++);
    }

    @Override
    public long nulls() {
      return records.int64(1, nextNode++, BYTES_OF_A_NODE, 8);
    }

    @Override
    public int viewBuffers() {
      return Math.toIntExact(records.int64(4, nextViews++, Long.BYTES, 0));
    }
  }

  private InputException cut() {
    return new InputException(
        row == 0 ? Place.in(name) : Place.row(name, row),
        "this Arrow file ends too early%s; it was cut off, so copy or write it anew"
            .formatted(row == 0 ? "" : " behind this row"));
  }

  private InputException damaged() {
    return new InputException(
        row == 0 ? Place.in(name) : Place.row(name, row),
        "this Arrow file is damaged%s; copy or write it anew"
            .formatted(row == 0 ? "" : " behind this row"));
  }

  @Override
  public void close() throws IOException {
    source.close();
  }

  /** The bytes of a buffer. */
  private static final class BufferStream extends InputStream {
    private final ByteBuffer buffer;

    BufferStream(ByteBuffer buffer) {
      this.buffer = buffer;
    }

    @Override
    public int read() {
      return buffer.hasRemaining() ? buffer.get() & 0xff : -1;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      int count = Math.min(length, buffer.remaining());
      buffer.get(into, offset, count);
      return count > 0 || length == 0 ? count : -1;
    }
  }

  /** Bytes one after the other. */
  private interface Source extends AutoCloseable {
    /** As many bytes as are asked for, little-endian. */
    ByteBuffer read(int length) throws IOException;

    /** Goes over some. */
    void skip(long length) throws IOException;

    boolean atEnd() throws IOException;

    /** Whether the last bytes of it all are these; nothing is read after it. */
    boolean endsWith(byte[] last) throws IOException;

    default int int32() throws IOException {
      return read(Integer.BYTES).getInt(0);
    }

    @Override
    void close() throws IOException;

    static Source of(RowBytes bytes) throws IOException {
      if (bytes.compression().isPresent() || InputFile.isStream(bytes.file())) {
        return new Streamed(bytes);
      }
      bytes.close();
      return new Plain(bytes.file().toAbsolutePath(), FileChannel.open(bytes.file()));
    }
  }

  /** What comes out of a decompressor or a pipe. */
  private record Streamed(RowBytes bytes) implements Source {
    @Override
    public ByteBuffer read(int length) throws IOException {
      // Piece by piece: what is cut off or damaged may claim any length.
      JsonBytes read = new JsonBytes();
      for (int left = length; left > 0; ) {
        if (!bytes.more()) {
          throw new EOFException();
        }
        int part = Math.min(left, bytes.end - bytes.at);
        read.raw(bytes.buffer, bytes.at, bytes.at + part);
        bytes.at += part;
        left -= part;
      }
      return ByteBuffer.wrap(read.toArray()).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void skip(long length) throws IOException {
      for (long left = length; left > 0; ) {
        if (!bytes.more()) {
          throw new EOFException();
        }
        int part = (int) Math.min(left, bytes.end - bytes.at);
        bytes.at += part;
        left -= part;
      }
    }

    @Override
    public boolean atEnd() throws IOException {
      return !bytes.more();
    }

    @Override
    public boolean endsWith(byte[] last) throws IOException {
      byte[] tail = {};
      while (bytes.more()) {
        byte[] both = Arrays.copyOf(tail, tail.length + bytes.end - bytes.at);
        System.arraycopy(bytes.buffer, bytes.at, both, tail.length, bytes.end - bytes.at);
        tail = Arrays.copyOfRange(both, Math.max(0, both.length - last.length), both.length);
        bytes.at = bytes.end;
      }
      return Arrays.equals(tail, last);
    }

    @Override
    public void close() throws IOException {
      bytes.close();
    }
  }

  /** A file as it lies there. */
  private static final class Plain implements Source {
    private final Path file;
    private final FileChannel channel;
    private final long size;
    private long at;

    Plain(Path file, FileChannel channel) throws IOException {
      this.file = file;
      this.channel = channel;
      this.size = channel.size();
    }

    @Override
    public ByteBuffer read(int length) throws IOException {
      if (length > size - at) {
        throw new EOFException();
      }
      long start = at;
      at += length;
      try {
        if (length >= FROM_BYTES_MAPPED) {
          return channel.map(MapMode.READ_ONLY, start, length).order(ByteOrder.LITTLE_ENDIAN);
        }
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
          if (channel.read(bytes, start + bytes.position()) < 0) {
            throw new EOFException();
          }
        }
        return bytes.flip();
      } catch (EOFException e) {
        throw e;
      } catch (IOException e) {
        throw FileFailure.reading(file, e);
      }
    }

    @Override
    public void skip(long length) throws IOException {
      if (length < 0 || length > size - at) {
        throw new EOFException();
      }
      at += length;
    }

    @Override
    public boolean atEnd() {
      return at == size;
    }

    @Override
    public boolean endsWith(byte[] last) throws IOException {
      if (size - at < last.length) {
        return false;
      }
      at = size - last.length;
      return read(last.length).equals(ByteBuffer.wrap(last));
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
