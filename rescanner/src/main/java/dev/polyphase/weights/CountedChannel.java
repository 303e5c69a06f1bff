package dev.polyphase.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** The room of one tensor in a file: it takes that many bytes, no more, and checks for no fewer. */
final class CountedChannel implements WritableByteChannel {
  private final WritableByteChannel file;
  private final String tensor;
  private final long byteCount;
  private long left;

  CountedChannel(WritableByteChannel file, String tensor, long byteCount) {
    this.file = file;
    this.tensor = tensor;
    this.byteCount = byteCount;
    this.left = byteCount;
  }

  /** Writes the whole buffer. */
  @Override
  public int write(ByteBuffer bytes) throws IOException {
    int size = bytes.remaining();
    if (size > left) {
      throw wrongCount(byteCount - left + size + " or more");
    }
    FileTransfer.append(bytes, file);
    left -= size;
    return size;
  }

  void checkComplete() {
    if (left != 0) {
      throw wrongCount(String.valueOf(byteCount - left));
    }
  }

  private IllegalStateException wrongCount(String written) {
    return new IllegalStateException(
        "tensor '" + tensor + "' has " + byteCount + " bytes, but " + written + " were written");
  }

  @Override
  public boolean isOpen() {
    return file.isOpen();
  }

  /** Does nothing: other tensors follow. */
  @Override
  public void close() {}
}
