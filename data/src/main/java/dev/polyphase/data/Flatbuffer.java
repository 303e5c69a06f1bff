package dev.polyphase.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A table of a FlatBuffer, in which Arrow writes what describes its data. What lies outside of the
 * bytes ends with an {@link IndexOutOfBoundsException}.
 *
 * @param bytes little-endian, from their beginning
 * @param at where the table begins
 */
record Flatbuffer(ByteBuffer bytes, int at) {

  /** The table that a buffer is about. */
  static Flatbuffer root(byte[] buffer) {
    ByteBuffer bytes = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);
    return new Flatbuffer(bytes, bytes.getInt(0));
  }

  /** Where the value of a field stands; 0 where it has its default. */
  private int of(int field) {
    int table = at - bytes.getInt(at);
    int entry = 4 + 2 * field;
    int offset = entry < bytes.getShort(table) ? bytes.getShort(table + entry) & 0xffff : 0;
    return offset == 0 ? 0 : at + offset;
  }

  boolean has(int field) {
    return of(field) != 0;
  }

  int int8(int field) {
    return has(field) ? bytes.get(of(field)) : 0;
  }

  int int16(int field, int otherwise) {
    return has(field) ? bytes.getShort(of(field)) : otherwise;
  }

  int int32(int field, int otherwise) {
    return has(field) ? bytes.getInt(of(field)) : otherwise;
  }

  long int64(int field) {
    return has(field) ? bytes.getLong(of(field)) : 0;
  }

  Optional<Flatbuffer> table(int field) {
    return has(field) ? Optional.of(new Flatbuffer(bytes, pointed(of(field)))) : Optional.empty();
  }

  Optional<String> text(int field) {
    if (!has(field)) {
      return Optional.empty();
    }
    int start = pointed(of(field));
    byte[] utf8 = new byte[length(start)];
    bytes.get(start + 4, utf8);
    return Optional.of(new String(utf8, StandardCharsets.UTF_8));
  }

  /** How many items a list has. */
  int size(int field) {
    return has(field) ? length(pointed(of(field))) : 0;
  }

  /** An item of a list of tables. */
  Flatbuffer item(int field, int index) {
    return new Flatbuffer(bytes, pointed(itemAt(field, index, 4)));
  }

  /**
   * A number in a list of numbers, or of structs of them.
   *
   * @param width bytes of an item
   * @param offset bytes before the number in it
   */
  long int64(int field, int index, int width, int offset) {
    return bytes.getLong(itemAt(field, index, width) + offset);
  }

  private int itemAt(int field, int index, int width) {
    return pointed(of(field)) + 4 + index * width;
  }

  private int pointed(int where) {
    return where + bytes.getInt(where);
  }

  private int length(int start) {
    int length = bytes.getInt(start);
    if (length < 0 || length > bytes.capacity()) {
      throw new IndexOutOfBoundsException("a length of " + length);
    }
    return length;
  }
}
