package dev.polyphase.rescanner;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.OutputPlace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Singular values that were computed before, a file each, by {@link TensorDigest} of their tensor.
 * Any file may be removed, and what is damaged counts as not there. Several machines may read and
 * write one folder at once: what two of them keep under one name is the same.
 *
 * <p>A file is the singular values in float32, little-endian, and a SHA-256 of its name and them.
 *
 * @param folder the folder of the files; it is made when the first one is kept
 */
public record SpectrumCache(Path folder) {
  private static final int CHECKSUM_BYTES = 32;
  private static final int DIGEST_DIGITS = 64;

  /**
   * Checks that files can be kept, before there is something to keep.
   *
   * @throws InputException where the folder can't be made or written to
   */
  public void requireWritable() {
    OutputPlace.requireFolder(folder, Path.of("0".repeat(DIGEST_DIGITS)));
  }

  /**
   * The singular values kept for a tensor.
   *
   * @param damaged is told of a file that is there and can't be used
   */
  Optional<float[]> find(String digest, Consumer<Path> damaged) {
    Path file = folder.resolve(digest);
    Optional<float[]> found;
    try {
      found = values(digest, InputFile.readAllBytes(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | InputException e) {
      // Not to be read; or a FIFO or a folder, which is not one that was kept.
      if (!Files.isDirectory(folder)) {
        return Optional.empty();
      }
      found = Optional.empty();
    }
    if (found.isEmpty()) {
      damaged.accept(file);
    }
    return found;
  }

  /** What a file holds; nothing where it is damaged. */
  private static Optional<float[]> values(String digest, byte[] file) {
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
