package dev.polyphase.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * Tells whether two things are the same: CRC-32C (RFC 3720, appendix B.4) of all that is added,
 * which processors compute as fast as disks read, and how much it was.
 */
public final class Fingerprint {
  // Some are made for a few bytes, and what is outside the heap stays until it is collected.
  private static final int CHUNK = 1 << 16;

  private final CRC32C sum = new CRC32C();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
  private long bytes;

  /** Adds numbers, and how many they are. */
  public Fingerprint add(int... numbers) {
    put(numbers.length);
    for (int number : numbers) {
      put(number);
    }
    return this;
  }

  /** Adds a text. */
  public Fingerprint add(String text) {
    return add(text.getBytes(StandardCharsets.UTF_8));
  }

  private Fingerprint add(byte[] text) {
    put(text.length);
    flush();
    sum.update(text);
    bytes += text.length;
    return this;
  }

  /** Adds the content of a file. */
  public Fingerprint add(Path file) throws IOException {
    flush();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (channel.read(buffer) >= 0) {
        flush();
      }
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    return this;
  }

  /** The checksum alone, eight hexadecimal digits. */
  public String checksum() {
    flush();
    return "%08x".formatted(sum.getValue());
  }

  /** Checksum and bytes. */
  public String text() {
    return checksum() + "-" + bytes;
  }

  private void put(int number) {
    if (buffer.remaining() < Integer.BYTES) {
      flush();
    }
    buffer.putInt(number);
  }

  private void flush() {
    buffer.flip();
    bytes += buffer.remaining();
    sum.update(buffer);
    buffer.clear();
  }
}
