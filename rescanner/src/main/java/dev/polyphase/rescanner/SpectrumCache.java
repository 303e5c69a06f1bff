package dev.polyphase.rescanner;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.weights.AtomicFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Optional;

/**
 * Singular values that were computed before, a file each, by {@link TensorDigest} of their tensor.
 * Any file may be removed, and what is damaged counts as not there.
 *
 * <p>A file is the singular values in float32, little-endian, and a SHA-256 of its name and them.
 *
 * @param folder the folder of the files; it is made when the first one is kept
 */
public record SpectrumCache(Path folder) {
  private static final int CHECKSUM_BYTES = 32;

  /** The singular values kept for a tensor. */
  Optional<float[]> find(String digest) {
    byte[] file;
    try {
      file = InputFile.readAllBytes(folder.resolve(digest));
    } catch (InputException e) {
      // A FIFO or a folder: not one that was kept.
      return Optional.empty();
    } catch (IOException e) {
      // Not there, or not to be read: either way the values are computed again.
      return Optional.empty();
    }
    int valueBytes = file.length - CHECKSUM_BYTES;
    if (valueBytes <= 0 || valueBytes % Float.BYTES != 0) {
      return Optional.empty();
    }
    byte[] values = Arrays.copyOf(file, valueBytes);
    byte[] checksum = Arrays.copyOfRange(file, valueBytes, file.length);
    if (!MessageDigest.isEqual(checksum, checksum(digest, values))) {
      return Optional.empty();
    }
    float[] found = new float[valueBytes / Float.BYTES];
    ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(found);
    return Optional.of(found);
  }

  /** Keeps the singular values of a tensor; they are there whole or not at all. */
  void keep(String digest, float[] values) throws IOException {
    Files.createDirectories(folder);
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    AtomicFiles.write(
        folder.resolve(digest),
        out -> {
          out.write(bytes.array());
          out.write(checksum(digest, bytes.array()));
        });
  }

  private static byte[] checksum(String digest, byte[] values) {
    MessageDigest sum = TensorDigest.sha256();
    sum.update(digest.getBytes(StandardCharsets.US_ASCII));
    return sum.digest(values);
  }
}
