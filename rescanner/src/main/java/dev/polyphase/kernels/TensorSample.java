package dev.polyphase.kernels;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.TensorInfo;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;

/** Some of a tensor's values: runs of neighbours, evenly spread, for which little is read. */
public final class TensorSample {
  private static final int RUNS = 16;
  private static final int RUN = 256;

  private TensorSample() {}

  /**
   * At most 4,096 of its values, all of them where it has few.
   *
   * @throws InputException where its values are not of a {@link Precision}
   */
  public static float[] of(TensorInfo tensor) throws IOException {
    Precision precision = Precision.of(tensor);
    int size = tensor.type().bytes();
    long elements = tensor.elements();
    int run = (int) Math.min(RUN, (elements + RUNS - 1) / RUNS);
    int runs = run == 0 ? 0 : (int) Math.min(RUNS, elements / run);
    float[] values = new float[runs * run];
    ByteBuffer bytes = ByteBuffer.allocate(run * size).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel file = FileChannel.open(tensor.file(), StandardOpenOption.READ)) {
      for (int i = 0; i < runs; i++) {
        long first = runs == 1 ? 0 : Math.round((double) (elements - run) * i / (runs - 1));
        fill(bytes.clear(), file, tensor.position() + first * size, tensor);
        for (int j = 0; j < run; j++) {
          values[i * run + j] = precision.read(bytes);
        }
      }
    }
    return values;
  }

  private static void fill(ByteBuffer bytes, FileChannel file, long position, TensorInfo tensor)
      throws IOException {
    while (bytes.hasRemaining()) {
      if (file.read(bytes, position + bytes.position()) < 0) {
        throw new EOFException(tensor.file() + " became shorter while it was read");
      }
    }
    bytes.flip();
  }
}
