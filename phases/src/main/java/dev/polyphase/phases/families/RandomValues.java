package dev.polyphase.phases.families;

import dev.polyphase.phases.model.Parameter;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorBytes;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.Random;
import java.util.function.DoubleSupplier;

/**
 * The first values of a tensor. {@link Random} draws them, whose sequence every Java has alike.
 *
 * @param tensor of F32 or BF16
 * @param first what it holds
 * @param spread the standard deviation of values that are drawn
 * @param seed the model's seed; each tensor draws from its own sequence
 */
record RandomValues(TensorInfo tensor, Parameter.FirstValues first, double spread, long seed)
    implements TensorBytes {
  private static final int CHUNK_BYTES = 1 << 20;

  @Override
  public void writeTo(WritableByteChannel channel) throws IOException {
    DoubleSupplier values = values();
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long element = 0; element < tensor.elements(); element++) {
      put(chunk, (float) values.getAsDouble());
      if (!chunk.hasRemaining()) {
        channel.write(chunk.flip());
        chunk.clear();
      }
    }
    channel.write(chunk.flip());
  }

  private DoubleSupplier values() {
    return switch (first) {
      case ONES -> () -> 1;
      case ZEROS -> () -> 0;
      case NORMAL -> {
        Random random = new Random(seed * 31 + tensor.name().hashCode());
        yield () -> spread * random.nextGaussian();
      }
    };
  }

  private void put(ByteBuffer chunk, float value) {
    if (tensor.type() == ElementType.F32) {
      chunk.putFloat(value);
      return;
    }
    int bits = Float.floatToRawIntBits(value);
    // To nearest, ties to even.
    int rounded = bits + 0x7fff + ((bits >>> 16) & 1);
    chunk.putShort((short) (rounded >>> 16));
  }
}
