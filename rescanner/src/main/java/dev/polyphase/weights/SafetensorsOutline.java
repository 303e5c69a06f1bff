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
    Laid laid = new Laid();
    shapes.forEach((name, shape) -> laid.add(name, type, shape));
    laid.write(file);
  }

  /**
   * Writes a file with the tensors of a checkpoint.
   *
   * @param file the file to write
   * @param replaced those that have another type or number of rows, by name
   */
  public static void write(Path file, Checkpoint like, Map<String, NewTensor> replaced)
      throws IOException {
    Laid laid = new Laid();
    for (SafetensorsWriter.Planned tensor : SafetensorsWriter.planned(like.tensors(), replaced)) {
      laid.add(tensor.old().name(), tensor.type(), tensor.shape());
    }
    laid.write(file);
  }

  /** Tensors one behind the other. */
  private static final class Laid {
    private final List<HeaderEntry> tensors = new ArrayList<>();
    private long end;

    void add(String name, ElementType type, List<Long> shape) {
      long begin = end;
      long elements = shape.stream().reduce(1L, Math::multiplyExact);
      end = Math.addExact(begin, Math.multiplyExact(elements, type.bytes()));
      tensors.add(new HeaderEntry(name, type, shape, begin, end));
    }

    void write(Path file) throws IOException {
      byte[] header = HeaderWriter.bytes(Map.of(), tensors).array();
      try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
        out.write(header);
        out.setLength(Math.addExact(header.length, end));
      } catch (IOException e) {
        throw FileFailure.writing(file, e);
      }
    }
  }
}
