package dev.polyphase.weights;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A safetensors file whose values were never written: all zeros, and on most file systems no space.
 */
public final class SafetensorsOutline {
  private SafetensorsOutline() {}

  /**
   * Writes a file with tensors of one type.
   *
   * @param file the file to write
   * @param shapes the tensors' dimensions by name
   */
  public static void write(Path file, ElementType type, Map<String, List<Long>> shapes)
      throws IOException {
    List<HeaderEntry> tensors = new ArrayList<>();
    long end = 0;
    for (Map.Entry<String, List<Long>> tensor : shapes.entrySet()) {
      long begin = end;
      long elements = tensor.getValue().stream().reduce(1L, Math::multiplyExact);
      end = Math.addExact(begin, Math.multiplyExact(elements, type.bytes()));
      tensors.add(new HeaderEntry(tensor.getKey(), type, tensor.getValue(), begin, end));
    }
    byte[] header = HeaderWriter.bytes(Map.of(), tensors).array();
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.write(header);
      out.setLength(Math.addExact(header.length, end));
    } catch (IOException e) {
      throw FileFailure.writing(file, e);
    }
  }
}
