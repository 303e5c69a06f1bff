package dev.polyphase.data;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/** JSON text in UTF-8 that grows; used again for each row. */
final class JsonBytes {
  private static final byte[] HEX = "0123456789abcdef".getBytes(US_ASCII);
  private static final int FIRST_BYTES = 1 << 12;

  private byte[] bytes = new byte[FIRST_BYTES];
  private int size;

  /** Begins anew. */
  void clear() {
    size = 0;
    // One very long row should not keep its memory for all that follow.
    if (bytes.length > RowBytes.LARGE_BYTES) {
      bytes = new byte[FIRST_BYTES];
    }
  }

  int size() {
    return size;
  }

  /** Takes back what was written after a size. */
  void backTo(int earlierSize) {
    size = earlierSize;
  }

  byte[] toArray() {
    return Arrays.copyOf(bytes, size);
  }

  /** One byte as it is. */
  JsonBytes raw(int value) {
    room(1);
    bytes[size++] = (byte) value;
    return this;
  }

  /** Characters of ASCII as they are. */
  JsonBytes raw(String ascii) {
    return raw(ascii.getBytes(US_ASCII));
  }

  /** Bytes as they are. */
  JsonBytes raw(byte[] from) {
    return raw(from, 0, from.length);
  }

  /** Bytes as they are. */
  JsonBytes raw(byte[] from, int start, int end) {
    room(end - start);
    System.arraycopy(from, start, bytes, size, end - start);
    size += end - start;
    return this;
  }

  /** A text, in its quotes. */
  JsonBytes text(String text) {
    byte[] utf8 = text.getBytes(UTF_8);
    return raw('"').inText(utf8, 0, utf8.length).raw('"');
  }

  /** Bytes within a text, with what must not stand there escaped. */
  JsonBytes inText(byte[] from, int start, int end) {
    int copied = start;
    for (int i = start; i < end; i++) {
      byte b = from[i];
      if (b == '"' || b == '\\' || (b >= 0 && b < ' ')) {
        raw(from, copied, i);
        copied = i + 1;
        escape(b);
      }
    }
    return raw(from, copied, end);
  }

  private void escape(byte b) {
    room(6);
    bytes[size++] = '\\';
    switch (b) {
      case '\n' -> bytes[size++] = 'n';
      case '\r' -> bytes[size++] = 'r';
      case '\t' -> bytes[size++] = 't';
      case '"', '\\' -> bytes[size++] = b;
      default -> {
        raw("u00");
        bytes[size++] = HEX[b >> 4];
        bytes[size++] = HEX[b & 15];
      }
    }
  }

  private void room(int more) {
    if (size + more > bytes.length) {
      // Twice as much, but not more than an array can have.
      long twice = Math.min(2L * bytes.length, Integer.MAX_VALUE - 8);
      bytes = Arrays.copyOf(bytes, (int) Math.max(twice, Math.addExact(size, more)));
    }
  }
}
