package dev.polyphase.reports;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;

/** The PNG format (ISO/IEC 15948) as far as a picture of 8-bit RGB needs it. */
final class Png {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final byte BITS = 8;
  private static final byte RGB = 2;

  private Png() {}

  /** The file of a picture given by {@code 0xRRGGBB}, row by row. */
  static byte[] encode(int width, int height, int[] pixels) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream file = new DataOutputStream(bytes)) {
      file.write(SIGNATURE);
      chunk(file, "IHDR", header(width, height));
      chunk(file, "IDAT", deflated(width, height, pixels));
      chunk(file, "IEND", new byte[0]);
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail to be written", e);
    }
    return bytes.toByteArray();
  }

  private static byte[] header(int width, int height) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream header = new DataOutputStream(bytes);
    header.writeInt(width);
    header.writeInt(height);
    // The only compression, the only set of filters, not interlaced.
    header.write(new byte[] {BITS, RGB, 0, 0, 0});
    return bytes.toByteArray();
  }

  private static byte[] deflated(int width, int height, int[] pixels) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DeflaterOutputStream deflated = new DeflaterOutputStream(bytes)) {
      // One byte for the row's filter: none, which is best for large areas of one colour.
      byte[] row = new byte[1 + 3 * width];
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          int rgb = pixels[y * width + x];
          row[1 + 3 * x] = (byte) (rgb >> 16);
          row[2 + 3 * x] = (byte) (rgb >> 8);
          row[3 + 3 * x] = (byte) rgb;
        }
        deflated.write(row);
      }
    }
    return bytes.toByteArray();
  }

  private static void chunk(DataOutputStream file, String type, byte[] data) throws IOException {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 checksum = new CRC32();
    checksum.update(name);
    checksum.update(data);
    file.writeInt(data.length);
    file.write(name);
    file.write(data);
    file.writeInt((int) checksum.getValue());
  }
}
