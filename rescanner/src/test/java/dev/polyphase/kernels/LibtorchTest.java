package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.pipelines.problems.InputException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LibtorchTest {

  @Test
  void theCpuIsAlwaysThere() {
    try (NDManager manager = Libtorch.newManager("cpu")) {
      assertThat(Libtorch.deviceName(manager)).isEqualTo("cpu");
    }
    LoadedLibtorch library = LoadedLibtorch.get();
    assertThat(library.version()).isEqualTo("2.7.1");
    assertThat(library.folder()).isDirectory();
    assertThat(library.threads()).isPositive();
  }

  @Test
  void autoIsADeviceThatIsThere() {
    try (NDManager manager = Libtorch.newManager("auto")) {
      assertThat(manager.create(new float[] {2}).mul(3).toFloatArray()).containsExactly(6);
    }
  }

  @Test
  void tellsWantOfMemoryFromOtherFaults() {
    try (NDManager manager = Libtorch.newManager("cpu")) {
      long moreThanAnyMachineHas = 1L << 50;

      assertThat(failure(() -> manager.zeros(new Shape(moreThanAnyMachineHas))))
          .matches(Libtorch::ranOutOfMemory);
      assertThat(failure(() -> manager.zeros(new Shape(2)).reshape(3)))
          .isInstanceOf(EngineException.class)
          .matches(e -> !Libtorch.ranOutOfMemory(e));
    }
  }

  @Test
  void closingAManagerFreesItsArrays() {
    NDManager manager = Libtorch.newManager("cpu");
    NDArray array = manager.zeros(new Shape(2));

    Libtorch.close(manager);

    assertThat(manager.isOpen()).isFalse();
    assertThatThrownBy(array::toFloatArray).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aGpuHasBackWhatAManagerHeld() {
    assumeThat(LoadedLibtorch.get().gpus()).isPositive();
    long size = 1L << 30;
    NDManager manager = Libtorch.newManager("cuda:0");
    long before = usedOfGpu();
    manager.zeros(new Shape(size / Float.BYTES));
    assertThat(usedOfGpu() - before).isGreaterThanOrEqualTo(size);

    Libtorch.close(manager);

    assertThat(usedOfGpu() - before).isLessThan(size);
  }

  private static long usedOfGpu() {
    return Libtorch.gpuMemory("cuda:0").orElseThrow().getUsed();
  }

  @Test
  void theCpuIsNoGpu() {
    assertThat(Libtorch.gpuMemory("cpu")).isEmpty();
  }

  private static RuntimeException failure(ThrowingCallable call) {
    return catchThrowableOfType(RuntimeException.class, call);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpu", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:1000", "cpu:0", " "})
  void unknownDevicesAreNamed(String device) {
    assertThatThrownBy(() -> Libtorch.newManager(device))
        .isInstanceOf(InputException.class)
        .hasMessage("device '" + device + "' is unknown: give auto, cpu, cuda or cuda:N");
  }

  @Test
  void devicesThatAreNotThereAreNamed() {
    assertThatThrownBy(() -> Libtorch.newManager("cuda:999"))
        .isInstanceOf(InputException.class)
        .hasMessageMatching(
            "device 'cuda:999' is not there: (this libtorch is built .*; choose cpu, or .+|libtorch"
                + " sees \\d+ GPU\\(s\\); the last is cuda:\\d+)");
  }
}
