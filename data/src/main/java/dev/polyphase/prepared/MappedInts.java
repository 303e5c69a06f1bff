package dev.polyphase.prepared;

import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The 32-bit numbers of a file, little-endian, of any length: mapped, so that they take no heap and
 * come from the disk when they are asked for.
 */
final class MappedInts {
  /** Numbers of one mapping, of which Java allows 2 GiB. */
  private static final int WINDOW = 1 << 28;

  private final IntBuffer[] windows;
  private final long size;

  private MappedInts(IntBuffer[] windows, long size) {
    this.windows = windows;
    this.size = size;
  }

  /** Maps a file. */
  static MappedInts of(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size() / Integer.BYTES;
      IntBuffer[] windows = new IntBuffer[Math.toIntExact((size + WINDOW - 1) / WINDOW)];
      for (int w = 0; w < windows.length; w++) {
        long start = (long) w * WINDOW;
        long length = Math.min(WINDOW, size - start);
        windows[w] =
            channel
                .map(MapMode.READ_ONLY, start * Integer.BYTES, length * Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asIntBuffer();
      }
      return new MappedInts(windows, size);
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
  }

  /** How many there are. */
  long size() {
    return size;
  }

  /** One of them. */
  int get(long index) {
    return windows[(int) (index / WINDOW)].get((int) (index % WINDOW));
  }

  /** Two of them as one number of 64 bits, the lower half first. */
  long getLong(long index) {
    return (get(index) & 0xffffffffL) | (long) get(index + 1) << Integer.SIZE;
  }

  /** A copy of {@code count} of them from {@code start} on. */
  int[] get(long start, int count) {
    int[] copy = new int[count];
    int done = 0;
    while (done < count) {
      int within = (int) ((start + done) % WINDOW);
      int length = Math.min(count - done, WINDOW - within);
      windows[(int) ((start + done) / WINDOW)].get(within, copy, done, length);
      done += length;
    }
    return copy;
  }
}
