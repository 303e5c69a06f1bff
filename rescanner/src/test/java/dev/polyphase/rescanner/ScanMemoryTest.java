package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.Targeting;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.SafetensorsOutline;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The resident memory of a process that scans. */
@EnabledOnOs(OS.LINUX)
final class ScanMemoryTest {
  private static final int HEAP_MEBIBYTES = 64;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"F32, 6144, 1024", "BF16, 1024, 6144"})
  void staysBelowFourTimesTheLargestTensor(ElementType type, long rows, long columns)
      throws IOException, InterruptedException {
    Path small = write("small", type, 2, rows / 8, columns / 8);
    Path large = write("large", type, 12, rows, columns);
    long largestInFloat32 = rows * columns * 4;
    long modelBytes =
        Checkpoint.open(large).tensors().stream().mapToLong(TensorInfo::byteCount).sum();
    assertThat(modelBytes).isGreaterThan(HEAP_MEBIBYTES << 20);

    long raisedBytes = Long.parseLong(inChild(small.toString(), large.toString()));

    assertThat(raisedBytes).isPositive().isLessThan(4 * largestInFloat32);
  }

  /** Scans a small model, for what is loaded once, then a large one; prints the memory it took. */
  public static void main(String[] args) throws IOException {
    Path cache = Files.createTempDirectory(Path.of(args[1]), "cache");
    try (SingularValues values =
        new CachedSingularValues(
            new LibtorchSingularValues("cpu"), new SpectrumCache(cache), note -> {})) {
      long before = 0;
      for (String model : args) {
        before = kibibytes("VmRSS:");
        Rescanner.scan(
            Checkpoint.open(Path.of(model)),
            Targeting.PROJECTIONS.subList(0, 1),
            values,
            (module, done, total) -> {});
      }
      System.out.println((kibibytes("VmHWM:") - before) * 1024);
    }
  }

  private static long kibibytes(String key) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(key))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }

  private static String inChild(String... args) throws IOException, InterruptedException {
    // The heap is resident from the start: what Java collects late is not the scanner's.
    String heap = HEAP_MEBIBYTES + "m";
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx" + heap,
            "-Xms" + heap,
            "-XX:+AlwaysPreTouch",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            ScanMemoryTest.class.getName());
    builder.command().addAll(List.of(args));
    // As the launcher sets it for scans.
    builder.environment().put("MALLOC_MMAP_THRESHOLD_", "1048576");
    Process child = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String printed = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(child.waitFor()).isZero();
    return printed.strip();
  }

  private Path write(String name, ElementType type, int layers, long rows, long columns)
      throws IOException {
    Path model = Files.createDirectory(folder.resolve(name));
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    for (int layer = 0; layer < layers; layer++) {
      String module = "model.layers." + layer + "." + Targeting.PROJECTIONS.get(0);
      shapes.put(module + ".weight", List.of(rows, columns));
    }
    Path file = model.resolve("model.safetensors");
    SafetensorsOutline.write(file, type, shapes);
    Random random = new Random(5);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (TensorInfo tensor : Checkpoint.open(model).tensors()) {
        ByteBuffer bytes =
            ByteBuffer.allocate((int) tensor.byteCount()).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
          float value = random.nextFloat() - 0.5f;
          if (type == ElementType.F32) {
            bytes.putFloat(value);
          } else {
            bytes.putShort((short) (Float.floatToIntBits(value) >> 16));
          }
        }
        channel.write(bytes.flip(), tensor.position());
      }
    }
    return model;
  }
}
