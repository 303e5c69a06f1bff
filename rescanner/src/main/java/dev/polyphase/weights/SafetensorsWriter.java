package dev.polyphase.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes one safetensors file from another and new values, as the format's own library lays files
 * out: the header padded to 8 bytes, wide elements first, so that every tensor is aligned to its
 * elements and can be mapped as it is.
 */
final class SafetensorsWriter {
  private SafetensorsWriter() {}

  /** A tensor of the new file; without a replacement its bytes are those of the old file. */
  record Planned(TensorInfo old, @Nullable NewTensor replacement) {

    ElementType type() {
      return replacement == null ? old.type() : replacement.type();
    }

    List<Long> shape() {
      return replacement == null ? old.shape() : replacement.shapeOf(old);
    }

    long byteCount() {
      long elements = shape().stream().reduce(1L, Math::multiplyExact);
      return Math.multiplyExact(elements, type().bytes());
    }
  }

  /**
   * Writes the file and syncs it.
   *
   * @param source the file that all of {@code tensors} lie in
   * @param target the file to write, which must not exist
   * @param replaced new values by tensor; names of other files' tensors are not looked at
   * @return the bytes of the tensors written
   */
  static long write(
      Path source, Path target, List<TensorInfo> tensors, Map<String, NewTensor> replaced)
      throws IOException {
    List<Planned> planned = planned(tensors, replaced);
    try (FileChannel from = FileChannel.open(source, StandardOpenOption.READ);
        FileChannel to = FileTransfer.createLike(source, target)) {
      FileTransfer.append(header(planned), to);
      for (Planned tensor : planned) {
        if (tensor.replacement == null) {
          FileTransfer.append(source, from, tensor.old.position(), tensor.old.byteCount(), to);
        } else {
          CountedChannel counted = new CountedChannel(to, tensor.old.name(), tensor.byteCount());
          tensor.replacement.bytes().writeTo(counted);
          counted.checkComplete();
        }
      }
      to.force(true);
    } catch (IOException e) {
      throw FileFailure.writing(target, e);
    }
    return planned.stream().mapToLong(Planned::byteCount).sum();
  }

  static List<Planned> planned(List<TensorInfo> tensors, Map<String, NewTensor> replaced) {
    return ordered(tensors.stream().map(t -> new Planned(t, replaced.get(t.name()))).toList());
  }

  /** The bytes of a file of these tensors. */
  static long fileBytes(List<Planned> tensors) throws IOException {
    return header(tensors).remaining() + tensors.stream().mapToLong(Planned::byteCount).sum();
  }

  static List<Planned> ordered(List<Planned> tensors) {
    return tensors.stream()
        .sorted(
            Comparator.comparingInt((Planned tensor) -> tensor.type().bytes())
                .reversed()
                .thenComparing(tensor -> tensor.old.name()))
        .toList();
  }

  /** The header with its length before it and its padding behind it. */
  static ByteBuffer header(List<Planned> tensors) throws IOException {
    List<HeaderEntry> entries = new ArrayList<>();
    long begin = 0;
    for (Planned tensor : tensors) {
      long end = begin + tensor.byteCount();
      entries.add(new HeaderEntry(tensor.old.name(), tensor.type(), tensor.shape(), begin, end));
      begin = end;
    }
    // Loaders of Hugging Face refuse files that do not say which framework's layout they have.
    return HeaderWriter.bytes(Map.of("format", "pt"), entries);
  }
}
