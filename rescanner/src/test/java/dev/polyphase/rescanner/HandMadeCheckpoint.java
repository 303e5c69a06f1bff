package dev.polyphase.rescanner;

import dev.polyphase.weights.Checkpoint;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/** A checkpoint of a few float32 tensors, its safetensors file put together by hand. */
final class HandMadeCheckpoint {
  private final ByteArrayOutputStream values = new ByteArrayOutputStream();
  private final StringBuilder header = new StringBuilder("{");
  private String config = "{\"tie_word_embeddings\": false}";

  HandMadeCheckpoint config(String json) {
    config = json;
    return this;
  }

  /** A tensor whose elements are 1, 2, 3 and so on. */
  HandMadeCheckpoint tensor(String name, long... shape) {
    int elements = (int) Arrays.stream(shape).reduce(1, (left, right) -> left * right);
    float[] counted = new float[elements];
    for (int i = 0; i < elements; i++) {
      counted[i] = i + 1;
    }
    return tensor(name, counted, shape);
  }

  /** A tensor of some elements. */
  HandMadeCheckpoint tensor(String name, float[] elementsInOrder, long... shape) {
    int elements = elementsInOrder.length;
    ByteBuffer bytes = ByteBuffer.allocate(4 * elements).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(elementsInOrder);
    String dimensions =
        Arrays.stream(shape).mapToObj(Long::toString).collect(Collectors.joining(",", "[", "]"));
    header
        .append(header.length() == 1 ? "" : ",")
        .append('"' + name + "\":{\"dtype\":\"F32\",\"shape\":" + dimensions)
        .append(",\"data_offsets\":[" + values.size() + "," + (values.size() + 4 * elements))
        .append("]}");
    values.writeBytes(bytes.array());
    return this;
  }

  Checkpoint writeTo(Path folder) throws IOException {
    String padded = header + "}" + " ".repeat((8 - (header.length() + 1) % 8) % 8);
    byte[] json = padded.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).array());
    file.writeBytes(json);
    file.writeBytes(values.toByteArray());
    Files.write(folder.resolve("model.safetensors"), file.toByteArray());
    Files.writeString(folder.resolve("config.json"), config);
    return Checkpoint.open(folder);
  }
}
