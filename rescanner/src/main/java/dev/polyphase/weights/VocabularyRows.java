package dev.polyphase.weights;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The rows that embeddings and head have once a vocabulary has more tokens: a row for each id.
 *
 * <p>A new row is the mean of all rows that were there (Hewitt 2021, "Initializing New Word
 * Embeddings"): the new token is then as likely as the average, and the others lose as little as
 * can be. transformers adds noise of 1e-9 of their covariance to it, which two runs would not have
 * alike. A row that was there before its token was keeps its values, as with transformers, unless
 * these are all zero, which says nothing and lets gradients through the first norm grow without
 * bounds.
 *
 * @param count how many rows there are
 * @param from the first id of a new token
 * @param to the first id that is of no token; equal to {@code from} where no token is new
 */
public record VocabularyRows(long count, long from, long to) {
  private static final int CHUNK_BYTES = 1 << 20;

  /**
   * The tensors that change.
   *
   * @throws InputException where their values can't be averaged
   */
  public Map<String, NewTensor> newTensors(Checkpoint base) throws IOException {
    Map<String, NewTensor> changed = new LinkedHashMap<>();
    for (TensorInfo tensor : tensors(base)) {
      if (!StoredValues.isPlain(tensor.type())) {
        throw new InputException(
            Place.in(tensor.file().toString()),
            "%s is of type %s, of whose values there is no mean for new tokens; take a checkpoint in bfloat16, float16 or float32"
                .formatted(tensor.name(), tensor.type()));
      }
      if (count > tensor.shape().get(0) || fillsZeros(tensor)) {
        changed.put(
            tensor.name(),
            new NewTensor(
                tensor.type(), OptionalLong.of(count), channel -> write(tensor, channel)));
      }
    }
    return changed;
  }

  /** Embeddings and head, as far as a checkpoint stores them. */
  public static List<TensorInfo> tensors(Checkpoint checkpoint) throws IOException {
    TextNames names = TextNames.of(checkpoint);
    return Stream.of(names.embeddings(), names.head())
        .flatMap(name -> checkpoint.find(name).stream())
        .toList();
  }

  private boolean fillsZeros(TensorInfo tensor) throws IOException {
    try (FileChannel file = FileChannel.open(tensor.file(), StandardOpenOption.READ)) {
      int rowBytes = rowBytes(tensor);
      long last = Math.min(to, tensor.shape().get(0));
      for (long row = from; row < last; row++) {
        if (isZero(read(file, tensor.position() + row * rowBytes, rowBytes), 0, rowBytes)) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      throw FileFailure.reading(tensor.file(), e);
    }
  }

  private void write(TensorInfo tensor, WritableByteChannel channel) throws IOException {
    ByteBuffer mean = encoded(StoredValues.meanRow(tensor), tensor.type());
    int rowBytes = rowBytes(tensor);
    long old = tensor.shape().get(0);
    try (FileChannel file = FileChannel.open(tensor.file(), StandardOpenOption.READ)) {
      int most = Math.max(1, CHUNK_BYTES / rowBytes);
      for (long first = 0; first < old; first += most) {
        int rows = (int) Math.min(most, old - first);
        ByteBuffer chunk = read(file, tensor.position() + first * rowBytes, rows * rowBytes);
        for (long row = Math.max(first, from); row < Math.min(first + rows, to); row++) {
          int at = (int) (row - first) * rowBytes;
          if (isZero(chunk, at, rowBytes)) {
            chunk.put(at, mean, 0, rowBytes);
          }
        }
        channel.write(chunk);
      }
    }
    for (long row = old; row < count; row++) {
      channel.write(mean.duplicate());
    }
  }

  private static int rowBytes(TensorInfo tensor) {
    return Math.toIntExact(tensor.byteCount() / Math.max(1, tensor.shape().get(0)));
  }

  private static ByteBuffer read(FileChannel file, long position, int byteCount)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(byteCount);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, position + bytes.position()) < 0) {
        throw new EOFException("a file of weights was cut while it was in use");
      }
    }
    return bytes.flip();
  }

  private static boolean isZero(ByteBuffer bytes, int at, int byteCount) {
    for (int i = at; i < at + byteCount; i++) {
      if (bytes.get(i) != 0) {
        return false;
      }
    }
    return true;
  }

  /** In the tensor's type, rounded to the nearest float32 first. */
  private static ByteBuffer encoded(double[] values, ElementType type) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      float single = (float) value;
      switch (type) {
        case F64 -> bytes.putDouble(value);
        case F32 -> bytes.putFloat(single);
        case BF16 -> bytes.putShort(bfloat16(single));
        case F16 -> bytes.putShort(Binary16.ofFloat(single));
        case I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2 ->
            throw new IllegalStateException("no plain floating point: " + type);
      }
    }
    return bytes.flip();
  }

  /** To nearest, ties to even. */
  private static short bfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
