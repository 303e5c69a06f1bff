package dev.polyphase.orchestrator.trackers;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A message in the wire format of protocol buffers, field by field: each is its number and how it
 * is stored, and then its value.
 */
final class Protobuf {
  private static final int VARINT = 0;
  private static final int FIXED_64 = 1;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED_32 = 5;

  private static final int SEVEN_BITS = 0x7f;
  private static final int MORE_FOLLOWS = 0x80;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  /** A whole number; its low bits come first, seven in a byte. */
  Protobuf whole(int field, long value) {
    key(field, VARINT);
    varint(value);
    return this;
  }

  Protobuf decimal(int field, double value) {
    key(field, FIXED_64);
    bytes.writeBytes(little(Double.BYTES).putDouble(value).array());
    return this;
  }

  Protobuf decimal(int field, float value) {
    key(field, FIXED_32);
    bytes.writeBytes(little(Float.BYTES).putFloat(value).array());
    return this;
  }

  Protobuf text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  Protobuf message(int field, Protobuf value) {
    return bytes(field, value.toBytes());
  }

  private Protobuf bytes(int field, byte[] value) {
    key(field, LENGTH_DELIMITED);
    varint(value.length);
    bytes.writeBytes(value);
    return this;
  }

  private void key(int field, int stored) {
    varint((long) field << 3 | stored);
  }

  private void varint(long value) {
    long rest = value;
    while ((rest & ~SEVEN_BITS) != 0) {
      bytes.write((int) (rest & SEVEN_BITS) | MORE_FOLLOWS);
      rest >>>= 7;
    }
    bytes.write((int) rest);
  }

  private static ByteBuffer little(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  byte[] toBytes() {
    return bytes.toByteArray();
  }
}
