package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.SparseTensors;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What the process has mapped, by the system's own account. */
@EnabledOnOs(OS.LINUX)
class MappedFileTest {
  private static final short[] THREE_QUARTERS = {0x3f40, 0x3f40};

  @TempDir Path folder;
  private NDManager manager;
  private TensorStore store;

  @BeforeEach
  void open() {
    manager = Libtorch.newManager("cpu");
    store = new TensorStore(manager);
  }

  @AfterEach
  void close() {
    store.close();
    manager.close();
  }

  @Test
  void aFileIsMappedOnceSharedAndForReadingOnly() throws IOException {
    Checkpoint checkpoint = threeTensors(folder);
    Path file = checkpoint.weightFiles().get(0);
    try (NDManager other = Libtorch.newManager("cpu");
        TensorStore otherStore = new TensorStore(other)) {
      store.frozen(manager, tensor(checkpoint, "a"), Precision.FLOAT32);
      store.frozen(manager, tensor(checkpoint, "b"), Precision.BFLOAT16);
      otherStore.frozen(other, tensor(checkpoint, "a"), Precision.FLOAT32);

      assertThat(permissions(file)).containsExactly("r--s");
    }
    assertThat(permissions(file)).containsExactly("r--s");
  }

  @Test
  void itIsMappedUntilTheLastOfItsArraysIsClosed() throws IOException {
    Checkpoint checkpoint = threeTensors(folder);
    Path file = checkpoint.weightFiles().get(0);
    NDArray a = store.frozen(manager, tensor(checkpoint, "a"), Precision.FLOAT32);
    try (NDManager scratch = manager.newSubManager()) {
      NDArray b = store.frozen(scratch, tensor(checkpoint, "b"), Precision.BFLOAT16);
      b.close();
      b.close();

      assertThat(permissions(file)).hasSize(1);
      assertThat(a.toFloatArray()).containsExactly(1, 2, 3);

      a.close();

      assertThat(permissions(file)).isEmpty();

      store.frozen(scratch, tensor(checkpoint, "a"), Precision.FLOAT32);
    }
    assertThat(permissions(file)).isEmpty();
  }

  @Test
  void nothingIsLeftOfReadingAndOfFailing() throws IOException {
    Checkpoint checkpoint = threeTensors(folder);
    Path file = checkpoint.weightFiles().get(0);
    TensorInfo a = tensor(checkpoint, "a");
    NDArray three = manager.create(new float[3]);
    NDArray two = manager.create(new float[2]);

    store.writable(manager, a, Precision.BFLOAT16);
    store.exact(manager, a);
    store.read(a, three);
    store.countChanged(three, a, Precision.BFLOAT16);
    assertThatThrownBy(() -> store.read(a, two)).isInstanceOf(RuntimeException.class);

    assertThat(permissions(file)).isEmpty();
  }

  /** As a rescan does it. */
  @Test
  void freeingAndMappingAgainTakesNoMoreAddresses() throws IOException {
    Checkpoint checkpoint = threeTensors(folder);
    Path file = checkpoint.weightFiles().get(0);
    NDArray a = store.frozen(manager, tensor(checkpoint, "a"), Precision.FLOAT32);
    NDArray b = store.frozen(manager, tensor(checkpoint, "b"), Precision.BFLOAT16);
    for (int i = 0; i < 100; i++) {
      a.close();
      a = store.frozen(manager, tensor(checkpoint, "a"), Precision.FLOAT32);
      b.close();
      b = store.frozen(manager, tensor(checkpoint, "b"), Precision.BFLOAT16);

      assertThat(permissions(file)).hasSize(1);
    }
    assertThat(a.toFloatArray()).containsExactly(1, 2, 3);
  }

  @Test
  void anotherFileOfTheSameNameIsMappedBesideIt() throws IOException {
    Checkpoint checkpoint = threeTensors(folder);
    Path file = checkpoint.weightFiles().get(0);
    TensorInfo a = tensor(checkpoint, "a");
    NDArray before = store.frozen(manager, a, Precision.FLOAT32);
    Path other =
        new HandMadeTensors()
            .float32("a", List.of(3L), 4, 5, 6)
            .halves("b", "BF16", List.of(2L), THREE_QUARTERS)
            .float32("c", List.of(), 7)
            .writeTo(folder.resolve("other"))
            .weightFiles()
            .get(0);
    assertThat(Files.size(other)).isEqualTo(Files.size(file));
    Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);

    NDArray after = store.frozen(manager, a, Precision.FLOAT32);

    assertThat(before.toFloatArray()).containsExactly(1, 2, 3);
    assertThat(after.toFloatArray()).containsExactly(4, 5, 6);
  }

  @Test
  void aFileMayBeLargerThanMemoryAndSwapAndATensorThanTwoGibibytes() throws IOException {
    SparseTensors large = SparseTensors.largerThanMemory(folder);
    TensorInfo huge = large.huge();
    assertThat(huge.byteCount()).isGreaterThan(2L << 30);
    long before = ownKibibytes();

    NDArray first = store.frozen(manager, large.first(), Precision.FLOAT32);
    NDArray frozen = store.frozen(manager, huge, Precision.FLOAT32);
    NDArray last = store.frozen(manager, large.last(), Precision.FLOAT32);

    assertThat(first.toFloatArray()).isEqualTo(SparseTensors.values());
    assertThat(last.toFloatArray()).isEqualTo(SparseTensors.values());
    assertThat(frozen.size()).isEqualTo(huge.elements());
    long row = huge.shape().get(0) - 1;
    long column = huge.shape().get(1) - 1;
    assertThat(frozen.getFloat(row, column - 1)).isZero();
    assertThat(frozen.getFloat(row, column)).isEqualTo(SparseTensors.LAST_OF_HUGE);
    assertThat(permissions(huge.file())).containsExactly("r--s");
    assertThat(ownKibibytes() - before).isLessThan(1 << 20);
  }

  @Test
  void whatIsNoFileAnyMoreIsNamed() throws IOException {
    Checkpoint checkpoint = threeTensors(folder);
    Path file = checkpoint.weightFiles().get(0);
    Files.delete(file);
    Files.createDirectory(file);

    assertThatThrownBy(() -> store.frozen(manager, tensor(checkpoint, "a"), Precision.FLOAT32))
        .isInstanceOf(IOException.class)
        .hasMessage(file + ": it can't be read (it is no file any more)");
  }

  private static Checkpoint threeTensors(Path folder) throws IOException {
    return new HandMadeTensors()
        .float32("a", List.of(3L), 1, 2, 3)
        .halves("b", "BF16", List.of(2L), THREE_QUARTERS)
        .float32("c", List.of(), 7)
        .writeTo(folder);
  }

  private static TensorInfo tensor(Checkpoint checkpoint, String name) {
    return checkpoint.find(name).orElseThrow();
  }

  /** Those of each mapping of a file that there is; proc(5) says what a line holds. */
  private static List<String> permissions(Path file) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/maps")).stream()
        .filter(line -> line.endsWith(" " + file))
        .map(line -> line.replaceAll("^\\S+ (\\S+) .*", "$1"))
        .toList();
  }

  /** The process's memory that is no file's. */
  private static long ownKibibytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("RssAnon:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .sum();
  }
}
