package dev.polyphase.rescanner;

import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.TensorInfo;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What a tensor's singular values depend on, in 64 hexadecimal digits: SHA-256 of the version of
 * the computation, the type, the shape and the bytes. Neither its name nor its file's counts.
 */
final class TensorDigest {
  /** To be counted up when the computation changes in more than rounding. */
  private static final String VERSION = "singular values 1";

  private static final int BUFFER_BYTES = 1 << 20;

  private TensorDigest() {}

  /** Reads the tensor's bytes; they stay in the system's cache for who reads them next. */
  static String of(TensorInfo tensor) throws IOException {
    MessageDigest digest = sha256();
    String header = VERSION + "\n" + tensor.type() + " " + tensor.shape() + "\n";
    digest.update(header.getBytes(StandardCharsets.UTF_8));
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(BUFFER_BYTES, tensor.byteCount()));
    long done = 0;
    try (FileChannel file = FileChannel.open(tensor.file(), StandardOpenOption.READ)) {
      while (done < tensor.byteCount()) {
        buffer.clear();
        buffer.limit((int) Math.min(buffer.capacity(), tensor.byteCount() - done));
        int read = file.read(buffer, tensor.position() + done);
        if (read < 0) {
          throw new EOFException();
        }
        digest.update(buffer.array(), 0, read);
        done += read;
      }
    } catch (IOException e) {
      throw FileFailure.reading(tensor.file(), e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
