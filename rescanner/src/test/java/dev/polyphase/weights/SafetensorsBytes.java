package dev.polyphase.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Safetensors files put together by hand, right or wrong. */
final class SafetensorsBytes {

  private SafetensorsBytes() {}

  /** The true length of the header, the header, the data. */
  static byte[] of(String header, byte... data) {
    return withLength(header.getBytes(StandardCharsets.UTF_8).length, header, data);
  }

  /** A length that need not be the header's. */
  static byte[] withLength(long length, String header, byte... data) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length)
        .put(text)
        .put(data)
        .array();
  }

  /** The bytes of a tensor, read from its file by its position. */
  static byte[] read(TensorInfo tensor) throws IOException {
    byte[] file = Files.readAllBytes(tensor.file());
    int start = Math.toIntExact(tensor.position());
    return Arrays.copyOfRange(file, start, start + Math.toIntExact(tensor.byteCount()));
  }

  /** The folder of a checkpoint that has this one file. */
  static Path folder(Path folder, byte[] model) throws IOException {
    Files.createDirectories(folder);
    Files.write(folder.resolve("model.safetensors"), model);
    return folder;
  }
}
