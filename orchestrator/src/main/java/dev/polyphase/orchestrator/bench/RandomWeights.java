package dev.polyphase.orchestrator.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.FolderTree;
import dev.polyphase.weights.JsonFile;
import dev.polyphase.weights.SafetensorsOutline;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A folder of a model with random weights, of which time and memory are measured and nothing else:
 * norms are 1, biases 0, and matrices normal, but out of one block of values that each begins at
 * another place of, so that a large model is written as fast as the disk takes it.
 */
final class RandomWeights {
  private static final long SEED = 42;

  /** A prime, so that no rows of a matrix are alike. */
  private static final int BLOCK_VALUES = 1_048_583;

  private static final String WEIGHTS = "model.safetensors";
  private static final String CONFIG = "config.json";

  /** A folder in which weights are made; its name goes on as the system's temporary files' do. */
  private static final String BEGUN = "begun";

  private static final Pattern BEGUN_NAME = Pattern.compile(BEGUN + "\\d+");

  private RandomWeights() {}

  /**
   * Finds the model in a folder, or makes it; the same arguments give the same bytes.
   *
   * @param folder an empty folder or one to make, or one that this has made
   * @param precision of the compute: bfloat16 has weights in bfloat16, others in float32
   * @throws InputException where the folder holds something else, which is left as it is
   */
  static void findOrWrite(Path folder, DecoderShape shape, Precision precision) throws IOException {
    ObjectNode config = (ObjectNode) new ObjectMapper().readTree(shape.config());
    config.remove("torch_dtype");
    boolean half = precision == Precision.BFLOAT16;
    config.put("dtype", half ? "bfloat16" : "float32");
    Path finished = folder.resolve(WEIGHTS);
    if (Files.exists(finished)) {
      if (!JsonFile.read(folder.resolve(CONFIG)).equals(config)) {
        throw new InputException(
            "the weights in %s are of another shape or dtype; name another folder, or remove it"
                .formatted(folder));
      }
      return;
    }
    Files.createDirectories(folder);
    for (Path leftover : leftovers(folder)) {
      FolderTree.remove(leftover);
    }
    Path begun = Files.createTempDirectory(folder, BEGUN);
    try {
      write(begun, config, half ? ElementType.BF16 : ElementType.F32);
      for (String name : new String[] {"tokenizer.json", CONFIG, WEIGHTS}) {
        Files.move(begun.resolve(name), folder.resolve(name));
      }
    } finally {
      FolderTree.remove(begun);
    }
  }

  /** What processes left that were killed; nothing else may be in the folder. */
  private static List<Path> leftovers(Path folder) throws IOException {
    List<Path> found;
    try (Stream<Path> files = Files.list(folder)) {
      found = files.sorted().toList();
    }
    for (Path one : found) {
      if (!Files.isDirectory(one, LinkOption.NOFOLLOW_LINKS)
          || !BEGUN_NAME.matcher(one.getFileName().toString()).matches()) {
        throw new InputException(
            "%s holds %s and no random weights; name an empty folder, or one to make"
                .formatted(folder, one.getFileName()));
      }
    }
    return found;
  }

  private static void write(Path folder, ObjectNode config, ElementType type) throws IOException {
    Files.writeString(folder.resolve(CONFIG), config.toString());
    // Tokens are drawn too; the folder of a model is not whole without the file.
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    ModelLayout layout = new ModelLayout(ConfigReader.readFile(folder.resolve(CONFIG)));
    Path weights = folder.resolve(WEIGHTS);
    SafetensorsOutline.write(weights, type, layout.storedShapes());
    Checkpoint checkpoint = Checkpoint.open(folder);
    double spread = config.path("initializer_range").asDouble(0.02);
    Random random = new Random(SEED);
    Values normal = new Values(type, () -> spread * random.nextGaussian());
    Values ones = new Values(type, () -> 1);
    try (FileChannel file = FileChannel.open(weights, StandardOpenOption.WRITE)) {
      for (Parameter parameter : layout.parameters()) {
        TensorInfo tensor = checkpoint.find(parameter.name()).orElseThrow();
        switch (parameter.first()) {
          case NORMAL -> normal.write(file, tensor);
          case ONES -> ones.write(file, tensor);
          case ZEROS -> {}
        }
      }
    } catch (IOException e) {
      throw FileFailure.writing(weights, e);
    }
  }

  /** The bytes of some values, to be written again and again. */
  private static final class Values {
    private final ByteBuffer block;

    Values(ElementType type, DoubleSupplier values) {
      block = ByteBuffer.allocateDirect(BLOCK_VALUES * type.bytes());
      block.order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < BLOCK_VALUES; i++) {
        int bits = Float.floatToRawIntBits((float) values.getAsDouble());
        if (type == ElementType.F32) {
          block.putInt(bits);
        } else {
          // To nearest, ties to even.
          block.putShort((short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16));
        }
      }
    }

    void write(FileChannel file, TensorInfo tensor) throws IOException {
      int first = Math.floorMod(tensor.name().hashCode(), BLOCK_VALUES) * tensor.type().bytes();
      long written = 0;
      while (written < tensor.byteCount()) {
        long left = tensor.byteCount() - written;
        block.limit((int) Math.min(block.capacity(), first + left)).position(first);
        while (block.hasRemaining()) {
          written += file.write(block, tensor.position() + written);
        }
        first = 0;
      }
    }
  }
}
