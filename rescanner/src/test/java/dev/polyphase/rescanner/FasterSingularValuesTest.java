package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Two devices, both this machine's CPU; how long they take is said by a clock of the test. */
final class FasterSingularValuesTest {
  private static final List<String> TYPES = List.of("wide", "tall");
  private static final int EACH = 12;

  @TempDir Path folder;
  private final AtomicLong nanos = new AtomicLong();
  private final List<String> notes = new ArrayList<>();
  private final LibtorchSingularValues libtorch = new LibtorchSingularValues("cpu");
  private final List<String> asked = new ArrayList<>();

  @AfterEach
  void close() {
    libtorch.close();
  }

  /** A device that takes some seconds for a matrix by the test's clock. */
  private final class Device implements TimedDevice {
    private final String name;
    private final LibtorchSingularValues values;
    private final ToDoubleFunction<TensorInfo> seconds;
    private final List<String> begun = new ArrayList<>();
    private int fails;
    private RuntimeException failure = new OperationFailedException("it failed", new IOException());

    /** What each matrix that was begun ahead keeps what is timed waiting. */
    private double queuedSeconds;

    private int queued;
    private Runnable whileTried = () -> {};

    private Device(
        String name, LibtorchSingularValues values, ToDoubleFunction<TensorInfo> seconds) {
      this.name = name;
      this.values = values;
      this.seconds = seconds;
    }

    private void work(TensorInfo tensor) {
      nanos.addAndGet((long) (seconds.applyAsDouble(tensor) * 1e9));
      asked.add(name + " " + tensor.name());
      if (fails > 0 && --fails == 0) {
        throw failure;
      }
    }

    @Override
    public String spokenName() {
      return name;
    }

    @Override
    public float[] of(TensorInfo tensor) throws IOException {
      work(tensor);
      return values.of(tensor);
    }

    @Override
    public void expect(TensorInfo tensor) {
      begun.add(tensor.name());
      queued++;
      values.expect(tensor);
    }

    @Override
    public void finishBegun() throws IOException {
      nanos.addAndGet((long) (queued * queuedSeconds * 1e9));
      queued = 0;
      values.finishBegun();
    }

    @Override
    public float[] quickly(TensorInfo tensor) throws IOException {
      whileTried.run();
      nanos.addAndGet((long) (queued * queuedSeconds * 1e9));
      work(tensor);
      return values.quickly(tensor);
    }

    @Override
    public float[] settled(TensorInfo tensor, float[] quick) throws IOException {
      return values.settled(tensor, quick);
    }

    @Override
    public void close() {
      values.close();
    }
  }

  @Test
  void eachShapeGoesToTheDeviceThatIsFasterForIt() throws IOException {
    Device cpu = cpu(tensor -> 2);
    Device gpu = gpu(tensor -> isTall(tensor) ? 0.25 : 3);

    Scan scan = scan(cpu, () -> gpu);

    assertThat(scan.snrs()).isEqualTo(onCpuAlone());
    assertThat(notes)
        .containsExactly(
            "a matrix of 60 x 20 takes 2.00 s on the CPU and 0.25 s on cuda:7: the rest of that"
                + " shape is scanned on cuda:7",
            "a matrix of 20 x 60 takes 2.00 s on the CPU and 3.00 s on cuda:7: the rest of that"
                + " shape is scanned on the CPU");
    // After three the trial is due; the next four or five may have been begun there by then. The
    // trial is once on the CPU and twice on the other.
    assertThat(timesOf("the CPU", "tall")).isBetween(4L, 9L);
    assertThat(timesOf("cuda:7", "tall")).isEqualTo(EACH + 2 - timesOf("the CPU", "tall"));
    assertThat(timesOf("the CPU", "wide")).isEqualTo(EACH);
    assertThat(timesOf("cuda:7", "wide")).isEqualTo(2);
    assertThat(gpu.begun).isNotEmpty().allMatch(name -> name.contains("tall"));
  }

  @Test
  void whatIsSoonDoneNeverTouchesTheOther() throws IOException {
    double seconds = FasterSingularValues.SECONDS_BEFORE_TRIAL / EACH * 0.99;

    Scan scan =
        scan(
            cpu(tensor -> seconds),
            () -> {
              throw new AssertionError("opened");
            });

    assertThat(scan.snrs()).isEqualTo(onCpuAlone());
    assertThat(notes).isEmpty();
  }

  @Test
  void aDeviceThatIsNotThereLeavesAllToTheCpu() throws IOException {
    Scan scan =
        scan(
            cpu(tensor -> 6),
            () -> {
              throw new InputException("device 'cuda:7' is not there");
            });

    assertThat(scan.snrs()).isEqualTo(onCpuAlone());
    assertThat(notes)
        .containsExactly(
            "matrices of 60 x 20 are scanned on the CPU: device 'cuda:7' is not there",
            "matrices of 20 x 60 are scanned on the CPU: device 'cuda:7' is not there");
  }

  @Test
  void aDeviceThatFailsLeavesTheShapeToTheCpu() throws IOException {
    Device gpu = gpu(tensor -> 1);
    // Two in the trial, and one when it was chosen.
    gpu.fails = 4;

    Scan scan = scan(cpu(tensor -> isTall(tensor) ? 6 : 0), () -> gpu);

    assertThat(scan.snrs()).isEqualTo(onCpuAlone());
    assertThat(notes)
        .hasSize(2)
        .last()
        .isEqualTo(
            "matrices of 60 x 20 are scanned on the CPU: it failed (IOException);"
                + " 'polyphase scan --device cpu' leaves the GPU out");
  }

  @Test
  void whatIsBegunOfOtherShapesIsNoPartOfATrial() throws IOException {
    Device cpu = cpu(tensor -> 2);
    Device gpu = gpu(tensor -> isTall(tensor) ? 3 : 0);
    cpu.queuedSeconds = 10;
    List<TensorInfo> tensors = model().tensors();
    List<TensorInfo> tall =
        tensors.stream().filter(FasterSingularValuesTest::isTall).limit(4).toList();
    List<TensorInfo> wide = tensors.stream().filter(tensor -> !isTall(tensor)).limit(2).toList();
    try (FasterSingularValues values = faster(cpu, () -> gpu)) {
      for (TensorInfo tensor : tall.subList(0, 3)) {
        values.of(tensor);
      }
      values.expect(wide.get(0));
      gpu.whileTried = () -> values.expect(wide.get(1));

      values.of(tall.get(3));

      assertThat(notes)
          .containsExactly(
              "a matrix of 60 x 20 takes 2.00 s on the CPU and 3.00 s on cuda:7: the rest of that"
                  + " shape is scanned on the CPU");
      assertThat(cpu.begun).containsExactly(wide.get(0).name(), wide.get(1).name());
      assertThat(values.of(wide.get(1))).isEqualTo(libtorch.of(wide.get(1)));
    }
  }

  @Test
  void whatWasBegunAheadIsThereOnceItIsFinished() throws IOException {
    List<TensorInfo> tensors = model().tensors();
    float[] expected = libtorch.of(tensors.get(0));
    TensorInfo gone =
        new HandMadeCheckpoint()
            .tensor("a.weight", new float[6], 2, 3)
            .writeTo(Files.createDirectory(folder.resolve("gone")))
            .tensors()
            .get(0);
    Files.delete(gone.file());
    libtorch.expect(gone);
    libtorch.expect(tensors.get(0));

    libtorch.finishBegun();

    assertThatThrownBy(() -> libtorch.of(gone)).isInstanceOf(IOException.class);
    libtorch.expect(tensors.get(0));
    libtorch.finishBegun();
    Files.delete(tensors.get(0).file());
    assertThat(libtorch.of(tensors.get(0))).isEqualTo(expected);
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of(
            new EngineException("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee manual"),
            "too little memory is free for the GPU's part"
                + " (CUDA out of memory. Tried to allocate 2.00 GiB.)"),
        Arguments.of(
            new OperationFailedException(
                "libtorch failed at a thing on cuda:7; --debug shows its message",
                new EngineException(
                    """
                    The following operation failed.
                      File "a.py"
                    RuntimeError: CUDA error: an illegal access
                    Compile with DSA
                    """)),
            "libtorch failed at a thing on cuda:7 (RuntimeError: CUDA error: an illegal access)"),
        Arguments.of(
            new IllegalStateException("no such stream"),
            "the GPU failed at something that should not fail (no such stream)"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void itIsSaidWhyTheOtherFailedAndWhatToDo(RuntimeException failure, String why)
      throws IOException {
    Device gpu = gpu(tensor -> 1);
    gpu.fails = 1;
    gpu.failure = failure;

    Scan scan = scan(cpu(tensor -> isTall(tensor) ? 6 : 0), () -> gpu);

    assertThat(scan.snrs()).isEqualTo(onCpuAlone());
    assertThat(notes)
        .containsExactly(
            "matrices of 60 x 20 are scanned on the CPU: "
                + why
                + "; 'polyphase scan --device cpu' leaves the GPU out");
  }

  @Test
  void whereTheCpuFailsTooTheFirstFailureIsKept() throws IOException {
    Device cpu = cpu(tensor -> 6);
    Device gpu = gpu(tensor -> 1);
    gpu.fails = 1;
    cpu.fails = 2;
    cpu.failure = new EngineException("DefaultCPUAllocator: can't allocate memory");
    TensorInfo tensor = model().tensors().get(0);
    try (SingularValues values = faster(cpu, () -> gpu)) {
      values.of(tensor);

      assertThatThrownBy(() -> values.of(tensor))
          .isSameAs(cpu.failure)
          .hasSuppressedException(gpu.failure);
    }
  }

  /** A CPU that is closed refuses to have it. */
  @Test
  void whatTheCpuFailsAtInItsLastWordIsNoFailureOfTheOther() throws IOException {
    LibtorchSingularValues refusing = new LibtorchSingularValues("cpu");
    Device gpu = new Device("cuda:7", LibtorchSingularValues.beside("cpu", refusing), any -> 1);
    TensorInfo tensor = lowRank();
    try (SingularValues values = faster(cpu(any -> 6), () -> gpu)) {
      values.of(tensor);
      values.of(tensor);
      refusing.close();

      assertThatThrownBy(() -> values.of(tensor)).isInstanceOf(RejectedExecutionException.class);
    }
    assertThat(notes).singleElement().asString().endsWith("is scanned on cuda:7");
  }

  @Test
  void aFileThatIsGoneIsNoFailureOfTheDevice() throws IOException {
    Device gpu = gpu(tensor -> 1);
    TensorInfo tensor = model().tensors().get(0);
    try (SingularValues values = faster(cpu(any -> 6), () -> gpu)) {
      values.of(tensor);
      Files.delete(tensor.file());

      assertThatThrownBy(() -> values.of(tensor))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(tensor.file().toString());
    }
    assertThat(notes).isEmpty();
  }

  /** What rounding leaves of a matrix of low rank is noise that no two methods agree on. */
  @Test
  void whereRoundingCouldDecideItIsTheCpusPublishedMethod() throws IOException {
    TensorInfo tensor = lowRank();
    assertThat(RoundingMargin.isKept(libtorch.byGram(tensor), 60, 60)).isFalse();

    try (LibtorchSingularValues beside = LibtorchSingularValues.beside("cpu", libtorch)) {
      float[] quick = beside.quickly(tensor);

      assertThat(quick).isEqualTo(libtorch.byGram(tensor));
      assertThat(beside.of(tensor)).isEqualTo(libtorch.bySvdvals(tensor));
      assertThat(beside.settled(tensor, quick)).isEqualTo(libtorch.bySvdvals(tensor));
    }
  }

  private TensorInfo lowRank() throws IOException {
    float[] lowRank = new float[60 * 60];
    for (int i = 0; i < lowRank.length; i++) {
      lowRank[i] = (i / 60 + 1) * 0.1f * (i % 60 - 20) + (i % 7);
    }
    return new HandMadeCheckpoint()
        .tensor("a.weight", lowRank, 60, 60)
        .writeTo(folder)
        .tensors()
        .get(0);
  }

  private long timesOf(String device, String type) {
    return asked.stream()
        .filter(what -> what.startsWith(device + " ") && what.contains(type))
        .count();
  }

  private static boolean isTall(TensorInfo tensor) {
    return tensor.name().contains("tall");
  }

  private Device cpu(ToDoubleFunction<TensorInfo> seconds) {
    return new Device("the CPU", new LibtorchSingularValues("cpu"), seconds);
  }

  private Device gpu(ToDoubleFunction<TensorInfo> seconds) {
    return new Device("cuda:7", LibtorchSingularValues.beside("cpu", libtorch), seconds);
  }

  private FasterSingularValues faster(Device cpu, Supplier<TimedDevice> gpu) {
    return new FasterSingularValues(cpu, gpu, nanos::get, notes::add);
  }

  private Scan scan(Device cpu, Supplier<TimedDevice> gpu) throws IOException {
    SpectrumCache cache = new SpectrumCache(folder.resolve("cache"));
    try (SingularValues values = new CachedSingularValues(faster(cpu, gpu), cache, note -> {})) {
      return Rescanner.scan(model(), TYPES, values, (module, done, total) -> {});
    }
  }

  private List<ModuleSnr> onCpuAlone() throws IOException {
    return Rescanner.scan(model(), TYPES, libtorch, (module, done, total) -> {}).snrs();
  }

  private Checkpoint model() throws IOException {
    Path model = folder.resolve("model");
    if (Files.exists(model)) {
      return Checkpoint.open(model);
    }
    Random random = new Random(3);
    HandMadeCheckpoint made = new HandMadeCheckpoint();
    for (int layer = 0; layer < EACH; layer++) {
      made.tensor("model.layers." + layer + ".tall.weight", gaussian(random), 60, 20);
      made.tensor("model.layers." + layer + ".wide.weight", gaussian(random), 20, 60);
    }
    return made.writeTo(Files.createDirectories(model));
  }

  private static float[] gaussian(Random random) {
    float[] values = new float[1200];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
