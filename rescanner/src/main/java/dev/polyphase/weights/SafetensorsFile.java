package dev.polyphase.weights;

import static java.util.Objects.requireNonNull;

import dev.polyphase.weights.SafetensorsWriter.Planned;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;

/** A safetensors file that is made of new tensors alone. */
public final class SafetensorsFile {
  private SafetensorsFile() {}

  /**
   * One tensor.
   *
   * @param name unique in its file
   * @param shape its dimensions
   * @param values its elements
   */
  public record Tensor(String name, List<Long> shape, NewTensor values) {
    public Tensor {
      shape = List.copyOf(shape);
    }

    private TensorInfo info(Path file) {
      long elements = shape.stream().reduce(1L, Math::multiplyExact);
      ElementType type = values.type();
      return new TensorInfo(name, type, shape, file, 0, Math.multiplyExact(elements, type.bytes()));
    }
  }

  /**
   * Writes or replaces a file, whole or not at all; its folder must exist.
   *
   * @throws IllegalStateException if a tensor's bytes are more or fewer than its shape and type
   *     need
   */
  public static void write(Path file, List<Tensor> tensors) throws IOException {
    List<Planned> planned =
        SafetensorsWriter.ordered(
            tensors.stream().map(t -> new Planned(t.info(file), t.values())).toList());
    long bytes = SafetensorsWriter.fileBytes(planned);
    AtomicFiles.writeChannel(file, bytes, channel -> write(planned, channel));
  }

  /**
   * Reads the header of a file that {@link #write} wrote.
   *
   * @return its tensors, by position
   */
  public static List<TensorInfo> read(Path file) throws IOException {
    return SafetensorsHeader.read(file);
  }

  private static void write(List<Planned> planned, WritableByteChannel channel) throws IOException {
    FileTransfer.append(SafetensorsWriter.header(planned), channel);
    for (Planned tensor : planned) {
      CountedChannel counted = new CountedChannel(channel, tensor.old().name(), tensor.byteCount());
      requireNonNull(tensor.replacement()).bytes().writeTo(counted);
      counted.checkComplete();
    }
  }
}
