package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CudaStateTest {

  @ParameterizedTest
  @CsvSource({
    "false, false, 0, CPU_BUILD",
    "true, false, 0, NO_GPU",
    "true, true, 0, NO_RUNTIME",
    "true, true, 2, GPUS"
  })
  void followsFromWhatTheLibraryAndCudaSay(
      boolean built, boolean works, int gpus, CudaState state) {
    assertThat(CudaState.of(built, works, gpus)).isEqualTo(state);
    assertThat(state.remedy().isEmpty()).isEqualTo(gpus > 0);
  }
}
