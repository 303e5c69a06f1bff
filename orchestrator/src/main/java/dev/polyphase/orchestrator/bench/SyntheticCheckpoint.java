package dev.polyphase.orchestrator.bench;

import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.SafetensorsOutline;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A checkpoint in bfloat16 of a model's shapes. Each weight is noise, whose columns are of
 * different strength as those of trained weights are, and a few directions of signal, strong or
 * weak by chance: ratios differ from module to module, and the threshold lies inside the spectrum.
 */
final class SyntheticCheckpoint {
  private static final double NOISE = 0.02;
  private static final int SIGNALS = 4;

  private SyntheticCheckpoint() {}

  /**
   * Writes one; the same arguments give the same bytes.
   *
   * @param folder a folder to make
   * @param changed names of tensors that get other values than without
   */
  static Checkpoint write(Path folder, DecoderShape shape, Set<String> changed) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), "{\"tie_word_embeddings\": false}\n");
    Path weights = folder.resolve("model.safetensors");
    SafetensorsOutline.write(weights, ElementType.BF16, matrices(shape));
    Checkpoint checkpoint = Checkpoint.open(folder);
    try (FileChannel file = FileChannel.open(weights, StandardOpenOption.WRITE)) {
      for (TensorInfo tensor : checkpoint.tensors()) {
        long seed = tensor.name().hashCode() + (changed.contains(tensor.name()) ? 1L << 32 : 0);
        writeMatrix(file, tensor, new SplittableRandom(seed));
      }
    } catch (IOException e) {
      throw FileFailure.writing(weights, e);
    }
    return checkpoint;
  }

  /** A part of a fused tensor becomes a matrix of its own: what is measured is the same. */
  private static Map<String, List<Long>> matrices(DecoderShape shape) {
    Map<String, List<Long>> matrices = new LinkedHashMap<>();
    shape
        .matrices()
        .forEach((name, of) -> matrices.put(name.replaceFirst("\\[(\\d+)]$", ".$1.weight"), of));
    return matrices;
  }

  private static void writeMatrix(FileChannel file, TensorInfo tensor, SplittableRandom random)
      throws IOException {
    int rows = Math.toIntExact(tensor.shape().get(0));
    int columns = Math.toIntExact(tensor.shape().get(1));
    double[] strengths = new double[columns];
    for (int column = 0; column < columns; column++) {
      strengths[column] = NOISE * Math.exp(0.4 * normal(random));
    }
    // Singular value of u v' with normal entries: sqrt(rows * columns). Of noise: the sum of roots.
    double noiseEdge = NOISE * (Math.sqrt(rows) + Math.sqrt(columns));
    double[][] directions = new double[SIGNALS][columns];
    for (double[] direction : directions) {
      double strength = noiseEdge * (0.5 + 4 * random.nextDouble());
      for (int column = 0; column < columns; column++) {
        direction[column] = strength / Math.sqrt((double) rows * columns) * normal(random);
      }
    }

    ByteBuffer bytes = ByteBuffer.allocate(columns * 2).order(ByteOrder.LITTLE_ENDIAN);
    for (int row = 0; row < rows; row++) {
      double[] shares = new double[SIGNALS];
      for (int i = 0; i < SIGNALS; i++) {
        shares[i] = normal(random);
      }
      bytes.clear();
      for (int column = 0; column < columns; column++) {
        double value = strengths[column] * normal(random);
        for (int i = 0; i < SIGNALS; i++) {
          value += shares[i] * directions[i][column];
        }
        bytes.putShort(bfloat16((float) value));
      }
      bytes.flip();
      long position = tensor.position() + (long) row * bytes.limit();
      while (bytes.hasRemaining()) {
        file.write(bytes, position + bytes.position());
      }
    }
  }

  /** Nearly normal, of variance 1: the sum of four uniform numbers of 16 bits. */
  private static double normal(SplittableRandom random) {
    long bits = random.nextLong();
    long sum =
        (bits & 0xffff) + ((bits >>> 16) & 0xffff) + ((bits >>> 32) & 0xffff) + (bits >>> 48);
    return (sum / 65535.0 - 2) * Math.sqrt(3);
  }

  /** Rounded to nearest, ties to even; the value is finite. */
  private static short bfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
