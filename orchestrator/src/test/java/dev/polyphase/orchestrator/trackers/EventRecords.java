package dev.polyphase.orchestrator.trackers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Reads TensorBoard's files by their format alone. */
final class EventRecords {
  private static final int POLYNOMIAL = 0x82f63b78;

  private EventRecords() {}

  /**
   * An event.
   *
   * @param version of the file, or empty
   * @param texts the tags of texts
   * @param session the session's status; 0 for none
   */
  record Event(
      double time,
      long step,
      String version,
      Map<String, Float> scalars,
      List<String> texts,
      long session) {}

  /** The files of a folder, in the order in which TensorBoard reads them. */
  static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("events.out.tfevents."))
          .sorted()
          .toList();
    }
  }

  /** The events of a file, which ends behind a whole one. */
  static List<Event> in(Path file) throws IOException {
    List<Event> events = new ArrayList<>();
    ByteBuffer bytes = little(Files.readAllBytes(file));
    while (bytes.hasRemaining()) {
      byte[] length = next(bytes, 8);
      assertThat(bytes.getInt()).isEqualTo(masked(length));
      byte[] payload = next(bytes, (int) little(length).getLong());
      assertThat(bytes.getInt()).isEqualTo(masked(payload));
      events.add(event(payload));
    }
    return events;
  }

  private static Event event(byte[] payload) {
    double time = 0;
    long step = 0;
    String version = "";
    long session = 0;
    Map<String, Float> scalars = new LinkedHashMap<>();
    List<String> texts = new ArrayList<>();
    for (Field field : fields(payload)) {
      switch (field.number) {
        case 1 -> time = Double.longBitsToDouble(field.value);
        case 2 -> step = field.value;
        case 3 -> version = new String(field.bytes, StandardCharsets.UTF_8);
        case 5 -> fields(field.bytes).forEach(value -> addValue(value.bytes, scalars, texts));
        case 7 -> session = fields(field.bytes).get(0).value;
        default -> throw new AssertionError("field " + field.number);
      }
    }
    return new Event(time, step, version, scalars, texts, session);
  }

  private static void addValue(byte[] value, Map<String, Float> scalars, List<String> texts) {
    List<Field> fields = fields(value);
    String tag = new String(fields.get(0).bytes, StandardCharsets.UTF_8);
    if (fields.get(1).number == 2) {
      scalars.put(tag, Float.intBitsToFloat((int) fields.get(1).value));
    } else {
      texts.add(tag);
    }
  }

  private static final class Field {
    final int number;
    final long value;
    final byte[] bytes;

    Field(int number, long value, byte[] bytes) {
      this.number = number;
      this.value = value;
      this.bytes = bytes;
    }
  }

  private static List<Field> fields(byte[] message) {
    List<Field> fields = new ArrayList<>();
    ByteBuffer bytes = little(message);
    while (bytes.hasRemaining()) {
      long key = varint(bytes);
      int number = (int) (key >> 3);
      fields.add(
          switch ((int) (key & 7)) {
            case 0 -> new Field(number, varint(bytes), new byte[0]);
            case 1 -> new Field(number, bytes.getLong(), new byte[0]);
            case 2 -> new Field(number, 0, next(bytes, (int) varint(bytes)));
            case 5 -> new Field(number, bytes.getInt(), new byte[0]);
            default -> throw new AssertionError("wire type " + (key & 7));
          });
    }
    return fields;
  }

  private static long varint(ByteBuffer bytes) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = bytes.get();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }

  /** CRC-32C bit by bit, and TensorFlow's mask over it. */
  private static int masked(byte[] bytes) {
    int crc = -1;
    for (byte next : bytes) {
      crc ^= next & 0xff;
      for (int bit = 0; bit < 8; bit++) {
        crc = crc >>> 1 ^ ((crc & 1) == 0 ? 0 : POLYNOMIAL);
      }
    }
    crc = ~crc;
    return (crc >>> 15 | crc << 17) + 0xa282ead8;
  }

  private static byte[] next(ByteBuffer bytes, int count) {
    byte[] next = new byte[count];
    bytes.get(next);
    return next;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
