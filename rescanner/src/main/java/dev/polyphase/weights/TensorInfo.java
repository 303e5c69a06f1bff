package dev.polyphase.weights;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a tensor lies and what it is; its values stay on the disk.
 *
 * @param name the tensor's full name, as {@code model.layers.0.mlp.up_proj.weight}
 * @param type the type of its elements
 * @param shape its dimensions; empty for a scalar, and a dimension may be 0
 * @param file the safetensors file that holds it
 * @param position the offset in bytes of its first element from the start of the file
 * @param byteCount its bytes: elements times bytes of an element
 */
public record TensorInfo(
    String name, ElementType type, List<Long> shape, Path file, long position, long byteCount) {

  public TensorInfo {
    shape = List.copyOf(shape);
  }

  /** The shape that it has with so many rows. */
  public List<Long> shapeOf(long rows) {
    List<Long> other = new ArrayList<>(shape);
    other.set(0, rows);
    return List.copyOf(other);
  }

  /** The number of elements: 1 for a scalar, 0 where a dimension is 0. */
  public long elements() {
    return byteCount / type.bytes();
  }
}
