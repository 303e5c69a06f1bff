package dev.polyphase.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.Objects.requireNonNull;

import dev.polyphase.data.ArrowType.Kind;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The values of a column in one batch of an Arrow file, written as JSON: lists and structs are
 * JSON's, maps are objects, dates and times are texts, as DuckDB writes those of Parquet files.
 */
final class ArrowColumn {
  private static final long[] PER_SECOND = {1, 1_000, 1_000_000, 1_000_000_000};
  private static final long NANOS = 1_000_000_000;
  private static final int VIEW_BYTES = 16;
  private static final int BYTES_IN_A_VIEW = 12;

  private final ArrowType type;
  private final @Nullable ByteBuffer validity;
  private final ByteBuffer data;
  private final ByteBuffer offsets;
  private final List<ByteBuffer> views = new ArrayList<>();
  private final List<ArrowColumn> children = new ArrayList<>();
  private final List<byte[]> keys = new ArrayList<>();
  private final @Nullable ArrowColumn dictionary;
  private byte[] scratch = {};

  /** What a batch has, taken by its columns in the order of the schema. */
  interface Batch {
    /** The next buffer, little-endian. */
    ByteBuffer buffer();

    /** The next column's number of nulls. */
    long nulls();

    /** How many buffers the values of the next column of views lie in. */
    int viewBuffers();
  }

  /**
   * The next column of a batch.
   *
   * @param dictionaries the values that columns point to, by the dictionaries' ids
   */
  ArrowColumn(ArrowType type, Batch batch, Map<Long, ArrowColumn> dictionaries) {
    ArrowType stored = type.index() == null ? type : type.index();
    this.type = stored;
    this.dictionary =
        type.index() == null
            ? null
            : requireNonNull(dictionaries.get(type.dictionary()), "a dictionary");
    ByteBuffer none = ByteBuffer.allocate(0);
    long nulls = batch.nulls();
    if (stored.kind() == Kind.NULL) {
      this.validity = null;
      this.offsets = none;
      this.data = none;
      return;
    }
    ByteBuffer bits = batch.buffer();
    this.validity = nulls == 0 ? null : bits;
    switch (stored.kind()) {
      case TEXT, BINARY, LARGE_TEXT, LARGE_BINARY -> {
        this.offsets = batch.buffer();
        this.data = batch.buffer();
      }
      case LIST, LARGE_LIST, MAP -> {
        this.offsets = batch.buffer();
        this.data = none;
      }
      case STRUCT, FIXED_LIST -> {
        this.offsets = none;
        this.data = none;
      }
      default -> {
        this.offsets = none;
        this.data = batch.buffer();
      }
    }
    if (stored.kind() == Kind.TEXT_VIEW || stored.kind() == Kind.BINARY_VIEW) {
      for (int left = batch.viewBuffers(); left > 0; left--) {
        views.add(batch.buffer());
      }
    }
    for (ArrowType child : stored.children()) {
      children.add(new ArrowColumn(child, batch, dictionaries));
      JsonBytes key = new JsonBytes();
      keys.add(key.raw(keys.isEmpty() ? '{' : ',').text(child.name()).raw(':').toArray());
    }
  }

  /** Whether a row has no value. */
  boolean isNull(int row) {
    return type.kind() == Kind.NULL
        || (validity != null && (validity.get(row >> 3) >> (row & 7) & 1) == 0);
  }

  /** Appends the value of a row. */
  void write(int row, JsonBytes out) {
    if (isNull(row)) {
      out.raw("null");
      return;
    }
    if (dictionary != null) {
      dictionary.write(Math.toIntExact(integer(row)), out);
      return;
    }
    switch (type.kind()) {
      case INT -> out.raw(written(row));
      case DURATION -> out.raw(Long.toString(integer(row)));
      case FLOAT -> out.raw(Double.toString(floating(row)));
      case BOOL -> out.raw((data.get(row >> 3) >> (row & 7) & 1) == 1 ? "true" : "false");
      case DECIMAL -> out.raw(new BigDecimal(large(row), type.unit()).toPlainString());
      case DATE -> out.text(date(row).toString());
      case TIME -> out.text(time(integer(row)));
      case TIMESTAMP -> out.text(timestamp(integer(row)));
      case TEXT, BINARY, LARGE_TEXT, LARGE_BINARY -> {
        long start = offset(row);
        bytes(data, start, offset(row + 1) - start, out);
      }
      case FIXED_BINARY -> bytes(data, (long) row * type.width(), type.width(), out);
      case TEXT_VIEW, BINARY_VIEW -> view(row, out);
      case LIST, LARGE_LIST -> list(offset(row), offset(row + 1), out);
      case FIXED_LIST -> list((long) row * type.width(), (long) (row + 1) * type.width(), out);
      case STRUCT -> struct(row, out);
      case MAP -> map(offset(row), offset(row + 1), out);
      case NULL, INTERVAL, UNION, RUN_END_ENCODED, LIST_VIEW, LARGE_LIST_VIEW ->
          throw new IllegalStateException(type.kind().toString());
    }
  }

  private long offset(int row) {
    return type.kind().hasLongOffsets() ? offsets.getLong(8 * row) : offsets.getInt(4 * row);
  }

  private long integer(int row) {
    return switch (type.width()) {
      case 8 -> type.signed() ? data.get(row) : data.get(row) & 0xff;
      case 16 -> type.signed() ? data.getShort(2 * row) : data.getShort(2 * row) & 0xffff;
      case 32 ->
          type.signed() || type.kind() != Kind.INT
              ? data.getInt(4 * row)
              : data.getInt(4 * row) & 0xffffffffL;
      default -> data.getLong(8 * row);
    };
  }

  private String written(int row) {
    long value = integer(row);
    return type.width() == 64 && !type.signed()
        ? Long.toUnsignedString(value)
        : Long.toString(value);
  }

  private double floating(int row) {
    return switch (type.width()) {
      case 16 -> half(data.getShort(2 * row));
      case 32 -> data.getFloat(4 * row);
      default -> data.getDouble(8 * row);
    };
  }

  /** A number of 5 bits of exponent and 10 of fraction. */
  private static double half(short bits) {
    int exponent = bits >> 10 & 31;
    int fraction = bits & 1023;
    double size =
        exponent == 0
            ? Math.scalb((double) fraction, -24)
            : exponent == 31
                ? (fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN)
                : Math.scalb((double) (1024 + fraction), exponent - 25);
    return bits < 0 ? -size : size;
  }

  private BigInteger large(int row) {
    int size = type.width() / 8;
    byte[] bigEndian = new byte[size];
    for (int i = 0; i < size; i++) {
      bigEndian[size - 1 - i] = data.get(row * size + i);
    }
    return new BigInteger(bigEndian);
  }

  private LocalDate date(int row) {
    long value = integer(row);
    return LocalDate.ofEpochDay(type.width() == 32 ? value : Math.floorDiv(value, 86_400_000L));
  }

  private String time(long value) {
    long perSecond = PER_SECOND[type.unit()];
    return text(
        LocalTime.ofNanoOfDay(value / perSecond * NANOS + value % perSecond * (NANOS / perSecond)));
  }

  private String timestamp(long value) {
    long perSecond = PER_SECOND[type.unit()];
    long seconds = Math.floorDiv(value, perSecond);
    int nanos = (int) (Math.floorMod(value, perSecond) * (NANOS / perSecond));
    LocalDateTime time = LocalDateTime.ofEpochSecond(seconds, nanos, ZoneOffset.UTC);
    return time.toLocalDate() + " " + text(time.toLocalTime()) + (type.signed() ? "+00" : "");
  }

  /** With its seconds, and as much of a second as there is. */
  private static String text(LocalTime time) {
    String seconds = "%02d:%02d:%02d".formatted(time.getHour(), time.getMinute(), time.getSecond());
    return time.getNano() == 0
        ? seconds
        : seconds + "." + "%09d".formatted(time.getNano()).replaceFirst("0+$", "");
  }

  private void bytes(ByteBuffer from, long start, long length, JsonBytes out) {
    int count = Math.toIntExact(length);
    if (scratch.length < count || scratch.length > RowBytes.LARGE_BYTES) {
      scratch = new byte[Math.max(count, 256)];
    }
    from.get(Math.toIntExact(start), scratch, 0, count);
    out.raw('"');
    if (type.kind().isBinary()) {
      binary(count, out);
    } else {
      out.inText(scratch, 0, count);
    }
    out.raw('"');
  }

  /** Bytes as DuckDB writes them as a text: those that are no printable ASCII as {@code \\x00}. */
  private void binary(int count, JsonBytes out) {
    for (int i = 0; i < count; i++) {
      int b = scratch[i] & 0xff;
      if (b < ' ' || b > '~' || b == '\\' || b == '"' || b == '\'') {
        out.raw("\\\\x%02X".formatted(b));
      } else {
        out.raw(b);
      }
    }
  }

  private void view(int row, JsonBytes out) {
    int at = row * VIEW_BYTES;
    int length = data.getInt(at);
    if (length <= BYTES_IN_A_VIEW) {
      bytes(data, at + 4, length, out);
    } else {
      bytes(views.get(data.getInt(at + 8)), data.getInt(at + 12), length, out);
    }
  }

  private void list(long start, long end, JsonBytes out) {
    out.raw('[');
    for (long i = start; i < end; i++) {
      if (i > start) {
        out.raw(',');
      }
      children.get(0).write(Math.toIntExact(i), out);
    }
    out.raw(']');
  }

  private void struct(int row, JsonBytes out) {
    if (children.isEmpty()) {
      out.raw('{');
    }
    for (int i = 0; i < children.size(); i++) {
      out.raw(keys.get(i));
      children.get(i).write(row, out);
    }
    out.raw('}');
  }

  /** Its child is a struct of a key and a value; keys of an object are texts. */
  private void map(long start, long end, JsonBytes out) {
    ArrowColumn entries = children.get(0);
    JsonBytes key = new JsonBytes();
    out.raw('{');
    for (long i = start; i < end; i++) {
      if (i > start) {
        out.raw(',');
      }
      int entry = Math.toIntExact(i);
      key.clear();
      entries.children.get(0).write(entry, key);
      byte[] json = key.toArray();
      if (json[0] == '"') {
        out.raw(json);
      } else {
        out.text(new String(json, ISO_8859_1));
      }
      out.raw(':');
      entries.children.get(1).write(entry, out);
    }
    out.raw('}');
  }
}
