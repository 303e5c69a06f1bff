package dev.polyphase.trl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * The values of a tensor in a checkpoint.
 *
 * @param bytes float32, as they lie in the file
 */
record TensorValues(String name, ByteBuffer bytes) {
  private static final float A_VALUE = 1e-5f;

  static TensorValues of(Path model, String name) throws IOException {
    TensorInfo tensor = Checkpoint.open(model).find(name).orElseThrow();
    ByteBuffer bytes = ByteBuffer.allocate((int) tensor.byteCount()).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel = FileChannel.open(tensor.file())) {
      while (bytes.hasRemaining()) {
        channel.read(bytes, tensor.position() + bytes.position());
      }
    }
    return new TensorValues(name, bytes.flip());
  }

  /** Holds values to be others but for rounding. */
  static void assertClose(TensorValues values, TensorValues expected) {
    assertThat(values.bytes.remaining()).isEqualTo(expected.bytes.remaining());
    for (int at = 0; at < values.bytes.remaining(); at += Float.BYTES) {
      assertThat(values.bytes.getFloat(at))
          .as("%s at byte %d", values.name, at)
          .isCloseTo(expected.bytes.getFloat(at), within(A_VALUE));
    }
  }
}
