package dev.polyphase.weights;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/** A tensor's elements on their way to a file. */
@FunctionalInterface
public interface TensorBytes {

  /**
   * Writes all elements, little-endian and in row-major order: exactly elements times {@link
   * ElementType#bytes()} bytes. The channel takes a buffer whole, however large; it is written to
   * once, on the thread of the caller.
   */
  void writeTo(WritableByteChannel channel) throws IOException;
}
