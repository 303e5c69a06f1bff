package dev.polyphase.phases.training;

import ai.djl.ndarray.NDArray;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The trained tensors as they were at the best evaluation so far. They are kept in a file beside
 * the phase's result, since memory is what a phase has least of: it needs no more of it than
 * without. All else in the model stays as it is and needs no keeping.
 */
final class BestWeights implements AutoCloseable {
  private final Path file;
  private final Transformer model;
  private final SortedMap<String, NDArray> masters;

  /**
   * Nothing is kept yet.
   *
   * @param file where to keep them; removed in the end
   */
  BestWeights(Path file, Transformer model) {
    this.file = file;
    this.model = model;
    this.masters = new TreeMap<>(model.masters());
  }

  /** Keeps the masters as they are now, in the place of what was kept before. */
  void keep() throws IOException {
    AtomicFiles.write(
        file,
        out -> {
          WritableByteChannel channel = Channels.newChannel(out);
          for (Map.Entry<String, NDArray> master : masters.entrySet()) {
            TensorStore store = model.storeOf(master.getKey());
            store.toWrite(master.getValue(), Precision.FLOAT32).bytes().writeTo(channel);
          }
        });
  }

  /** Gives the masters the values that were kept. */
  void restore() throws IOException {
    long position = 0;
    for (Map.Entry<String, NDArray> master : masters.entrySet()) {
      NDArray values = master.getValue();
      long bytes = values.size() * ElementType.F32.bytes();
      TensorInfo kept =
          new TensorInfo(
              master.getKey(),
              ElementType.F32,
              Arrays.stream(values.getShape().getShape()).boxed().toList(),
              file,
              position,
              bytes);
      model.storeOf(master.getKey()).read(kept, values);
      position += bytes;
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }
}
