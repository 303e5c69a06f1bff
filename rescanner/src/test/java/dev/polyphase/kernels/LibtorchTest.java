package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import dev.polyphase.pipelines.problems.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LibtorchTest {

  @Test
  void theCpuIsAlwaysThere() {
    try (NDManager manager = Libtorch.newManager("cpu")) {
      assertThat(Libtorch.deviceName(manager)).isEqualTo("cpu");
    }
    assertThat(Libtorch.describe()).startsWith("libtorch 2.7.1, ");
  }

  @Test
  void autoIsADeviceThatIsThere() {
    try (NDManager manager = Libtorch.newManager("auto")) {
      assertThat(manager.create(new float[] {2}).mul(3).toFloatArray()).containsExactly(6);
    }
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
            "device 'cuda:999' is not there: libtorch sees \\d+ GPU\\(s\\); choose cpu or install a"
                + " CUDA libtorch");
  }
}
