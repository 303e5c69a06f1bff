package dev.polyphase.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A safetensors file whose values were never written: all zeros, and on most file systems no space.
 */
public final class SafetensorsOutline {
  private static final JsonFactory JSON = new JsonFactory();

  private SafetensorsOutline() {}

  /**
   * Writes a file with tensors of one type.
   *
   * @param file the file to write
   * @param shapes the tensors' dimensions by name
   */
  public static void write(Path file, ElementType type, Map<String, List<Long>> shapes)
      throws IOException {
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    long end = 0;
    try (JsonGenerator json = JSON.createGenerator(header)) {
      json.writeStartObject();
      for (Map.Entry<String, List<Long>> tensor : shapes.entrySet()) {
        long begin = end;
        long elements = tensor.getValue().stream().reduce(1L, Math::multiplyExact);
        end = Math.addExact(begin, Math.multiplyExact(elements, type.bytes()));
        json.writeObjectFieldStart(tensor.getKey());
        json.writeStringField("dtype", type.name());
        writeNumbers(json, "shape", tensor.getValue());
        writeNumbers(json, "data_offsets", List.of(begin, end));
        json.writeEndObject();
      }
      json.writeEndObject();
    }
    // So that every element is aligned and the file can be mapped.
    while ((Long.BYTES + header.size()) % Long.BYTES != 0) {
      header.write(' ');
    }
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      out.write(length.putLong(header.size()).array());
      out.write(header.toByteArray());
      out.setLength(Math.addExact(Long.BYTES + header.size(), end));
    }
  }

  private static void writeNumbers(JsonGenerator json, String field, List<Long> numbers)
      throws IOException {
    json.writeArrayFieldStart(field);
    for (long number : numbers) {
      json.writeNumber(number);
    }
    json.writeEndArray();
  }
}
